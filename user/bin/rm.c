// SPDX-License-Identifier: MIT
// rm [-rf] PATH...: removes files; -r directories with all that is in them; -f does not mind missing ones.
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool recursive, force;

static int remove_path(const char *path)
{
    struct stat status;
    struct dirent *entry;
    char inside[PATH_MAX];
    if (lstat(path, &status) < 0 && force && errno == ENOENT)
        return 0;
    bool directory = recursive && lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
    int failed = 0;
    DIR *dir = directory ? opendir(path) : NULL;
    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        failed |= remove_path(inside);
    }
    if (dir)
        closedir(dir);
    if (unlinkat(AT_FDCWD, path, directory ? AT_REMOVEDIR : 0) < 0) {
        warn("%s", path);
        failed = 1;
    }
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int letter; (letter = getopt(argc, argv, "rf")) != -1;) {
        if (letter == '?')
            return 2;
        recursive |= letter == 'r';
        force |= letter == 'f';
    }
    for (int i = optind; i < argc; i++)
        failed |= remove_path(argv[i]);
    return failed;
}
