// SPDX-License-Identifier: MIT
// cat [FILE...]: copies files, or standard input (also as "-"), to standard output.
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int copy(const char *path)
{
    static char buffer[4096];
    int fd = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY), failed = fd < 0;
    ssize_t got = 0;
    while (fd >= 0 && (got = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0, part; done < got; done += part)
            if ((part = write(1, buffer + done, got - done)) < 0)
                err(1, "write");
    if (failed || got < 0)
        warn("%s", path);
    if (fd > 0)
        close(fd);
    return failed || got < 0;
}

int main(int argc, char **argv)
{
    int failed = argc < 2 ? copy("-") : 0;
    for (int i = 1; i < argc; i++)
        failed |= copy(argv[i]);
    return failed;
}
