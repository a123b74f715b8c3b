// SPDX-License-Identifier: MIT
// find DIRECTORY NAME: the paths of all files below the directory that have that name.
#include "kernel/types.h"
#include "kernel/stat.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/param.h"
#include "user/user.h"

static char path[MAXPATH + DIRSIZ + 2];

// Looks through the directory whose path is the first `length` characters of path.
static void search(uint length, const char *name)
{
    struct dirent entry;
    struct stat found;
    path[length] = 0;
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return;
    path[length] = '/';
    while (length < MAXPATH && read(fd, &entry, sizeof entry) == sizeof entry) {
        char *last = path + length + 1;
        memmove(last, entry.name, DIRSIZ);
        last[DIRSIZ] = 0;
        if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
            continue;
        if (strcmp(last, name) == 0)
            printf("%s\n", path);
        if (stat(path, &found) == 0 && found.type == T_DIR)
            search(length + 1 + strlen(last), name);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc != 3 || strlen(argv[1]) >= MAXPATH) {
        fprintf(2, "usage: find DIRECTORY NAME\n");
        exit(1);
    }
    strcpy(path, argv[1]);
    search(strlen(path), argv[2]);
    exit(0);
}
