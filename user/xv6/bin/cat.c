// SPDX-License-Identifier: MIT
// cat [FILE...]: what is in them, one after another; without a name what comes in.
#include "kernel/types.h"
#include "kernel/fcntl.h"
#include "user/user.h"

static char buffer[512];

static void copy(int fd)
{
    int bytes;
    while ((bytes = read(fd, buffer, sizeof buffer)) > 0)
        if (write(1, buffer, bytes) != bytes) {
            fprintf(2, "cat: cannot write\n");
            exit(1);
        }
    if (bytes < 0) {
        fprintf(2, "cat: cannot read\n");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2)
        copy(0);
    for (int i = 1; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            fprintf(2, "cat: %s: cannot open\n", argv[i]);
            exit(1);
        }
        copy(fd);
        close(fd);
    }
    exit(0);
}
