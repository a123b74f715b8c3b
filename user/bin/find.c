// SPDX-License-Identifier: MIT
// find [PATH...] [-name PATTERN] [-type f|d|l]: every path below that fits, in the order of the directories.
#include <dirent.h>
#include <err.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *pattern, *type;

static int visit(const char *path)
{
    struct stat status;
    struct dirent *entry;
    char inside[PATH_MAX];
    const char *slash = strrchr(path, '/'), *name = slash && slash[1] ? slash + 1 : path;
    int failed = 0;
    if (lstat(path, &status) < 0) {
        warn("%s", path);
        return 1;
    }
    char letter = S_ISDIR(status.st_mode)   ? 'd'
                  : S_ISREG(status.st_mode) ? 'f'
                  : S_ISLNK(status.st_mode) ? 'l'
                                            : '?';
    if ((!pattern || fnmatch(pattern, name, 0) == 0) && (!type || *type == letter))
        puts(path);
    DIR *dir = letter == 'd' ? opendir(path) : NULL;
    if (letter == 'd' && !dir) {
        warn("%s", path);
        return 1;
    }
    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, strcmp(path, "/") == 0 ? "%s%s" : "%s/%s", path, entry->d_name);
        failed |= visit(inside);
    }
    if (dir)
        closedir(dir);
    return failed;
}

int main(int argc, char **argv)
{
    int paths = 1, failed = 0;
    while (paths < argc && argv[paths][0] != '-')
        paths++;
    for (int i = paths; i < argc; i += 2)
        if (i + 1 < argc && strcmp(argv[i], "-name") == 0)
            pattern = argv[i + 1];
        else if (i + 1 < argc && strcmp(argv[i], "-type") == 0)
            type = argv[i + 1];
        else
            errx(2, "%s: unknown, or its word is missing", argv[i]);
    if (paths == 1)
        return finish(visit("."), 1);
    for (int i = 1; i < paths; i++)
        failed |= visit(argv[i]);
    return finish(failed, 1);
}
