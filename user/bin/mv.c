// SPDX-License-Identifier: MIT
// mv FROM TO, mv FROM... DIRECTORY: renames within one file system.
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct stat status;
    char path[PATH_MAX];
    int failed = 0;
    bool into = argc > 1 && stat(argv[argc - 1], &status) == 0 && S_ISDIR(status.st_mode);
    if (argc < 3 || (argc > 3 && !into))
        errx(2, "usage: mv FROM TO | mv FROM... DIRECTORY");
    for (int i = 1; i < argc - 1; i++) {
        const char *slash = strrchr(argv[i], '/');
        snprintf(path, sizeof path, into ? "%s/%s" : "%s", argv[argc - 1], slash ? slash + 1 : argv[i]);
        if (rename(argv[i], path) < 0) {
            warn("%s", argv[i]);
            failed = 1;
        }
    }
    return failed;
}
