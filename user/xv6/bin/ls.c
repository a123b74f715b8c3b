// SPDX-License-Identifier: MIT
// ls [PATH...]: name, type, inode and size of a file, or of what is in a directory.
#include "kernel/types.h"
#include "kernel/stat.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/param.h"
#include "user/user.h"

static void show(const char *path, const char *name)
{
    struct stat found;
    if (stat(path, &found) < 0) {
        fprintf(2, "ls: %s: not found\n", path);
        return;
    }
    printf("%s", name);
    for (uint column = strlen(name); column < DIRSIZ; column++)
        printf(" ");
    printf(" %d %d %l\n", found.type, found.ino, found.size);
}

static void list(const char *path, int fd)
{
    static char below[MAXPATH + DIRSIZ + 2];
    struct dirent entry;
    uint length = strlen(path);
    if (length >= MAXPATH)
        return;
    memmove(below, path, (int)length);
    below[length++] = '/';
    while (read(fd, &entry, sizeof entry) == sizeof entry) {
        if (!entry.inum)
            continue;
        memmove(below + length, entry.name, DIRSIZ);
        below[length + DIRSIZ] = 0;
        show(below, below + length);
    }
}

int main(int argc, char **argv)
{
    char *here[] = {argv[0], "."};
    if (argc < 2) {
        argv = here;
        argc = 2;
    }
    for (int i = 1; i < argc; i++) {
        struct stat found;
        int fd = open(argv[i], O_RDONLY);
        if (fd >= 0 && fstat(fd, &found) == 0 && found.type == T_DIR)
            list(argv[i], fd);
        else
            show(argv[i], argv[i]);
        if (fd >= 0)
            close(fd);
    }
    exit(0);
}
