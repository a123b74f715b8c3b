// SPDX-License-Identifier: MIT
// ln FROM TO: one more name for a file.
#include "kernel/types.h"
#include "user/user.h"

int main(int argc, char **argv)
{
    if (argc != 3 || link(argv[1], argv[2]) < 0) {
        fprintf(2, "ln: failed\n");
        exit(1);
    }
    exit(0);
}
