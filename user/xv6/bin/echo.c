// SPDX-License-Identifier: MIT
// echo WORD...: the words, one blank between them.
#include "kernel/types.h"
#include "user/user.h"

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("%s%s", argv[i], i + 1 < argc ? " " : "");
    printf("\n");
    exit(0);
}
