// SPDX-License-Identifier: MIT
// kill PID...: ends processes.
#include "kernel/types.h"
#include "user/user.h"

int main(int argc, char **argv)
{
    int status = argc < 2;
    for (int i = 1; i < argc; i++)
        status |= kill(atoi(argv[i])) < 0;
    exit(status);
}
