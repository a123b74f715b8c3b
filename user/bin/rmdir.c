// SPDX-License-Identifier: MIT
// rmdir PATH...: removes empty directories.
#include <err.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        if (rmdir(argv[i]) < 0) {
            warn("%s", argv[i]);
            failed = 1;
        }
    return failed;
}
