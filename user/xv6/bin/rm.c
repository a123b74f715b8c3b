// SPDX-License-Identifier: MIT
// rm NAME...: removes files and empty directories.
#include "kernel/types.h"
#include "user/user.h"

int main(int argc, char **argv)
{
    int status = argc < 2;
    for (int i = 1; i < argc; i++)
        if (unlink(argv[i]) < 0) {
            fprintf(2, "rm: %s: failed\n", argv[i]);
            status = 1;
        }
    exit(status);
}
