// SPDX-License-Identifier: MIT
// cp FROM TO, cp FROM... DIRECTORY: copies files with their rights.
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy(const char *from, const char *to)
{
    static char buffer[16384];
    struct stat status, old;
    int in = open(from, O_RDONLY);
    if (in < 0 || fstat(in, &status) < 0) {
        warn("%s", from);
        return 1;
    }
    if (S_ISDIR(status.st_mode) || (stat(to, &old) == 0 && old.st_ino == status.st_ino)) {
        warnx(S_ISDIR(status.st_mode) ? "%s: is a directory" : "%s: would be copied onto itself", from);
        close(in);
        return 1;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, status.st_mode & 0777), failed = out < 0;
    for (ssize_t got; !failed && (got = read(in, buffer, sizeof buffer)) != 0;)
        failed = got < 0 || write(out, buffer, got) != got;
    if (failed)
        warn("%s: %s", from, to);
    close(in);
    if (out >= 0)
        close(out);
    return failed;
}

int main(int argc, char **argv)
{
    struct stat status;
    char path[PATH_MAX];
    int failed = 0;
    bool into = argc > 1 && stat(argv[argc - 1], &status) == 0 && S_ISDIR(status.st_mode);
    if (argc < 3 || (argc > 3 && !into))
        errx(2, "usage: cp FROM TO | cp FROM... DIRECTORY");
    for (int i = 1; i < argc - 1; i++) {
        const char *slash = strrchr(argv[i], '/');
        snprintf(path, sizeof path, into ? "%s/%s" : "%s", argv[argc - 1], slash ? slash + 1 : argv[i]);
        failed |= copy(argv[i], path);
    }
    return failed;
}
