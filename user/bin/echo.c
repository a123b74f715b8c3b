// SPDX-License-Identifier: MIT
// echo [-n] [WORD...]: writes its words, -n without a newline.
#include <err.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    int i = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1, newline = i == 1;
    for (; i < argc; i++)
        printf(i + 1 < argc ? "%s " : "%s", argv[i]);
    if (newline)
        putchar('\n');
    return finish(0, 1);
}
