// SPDX-License-Identifier: MIT
// Calls that change a file system of which nothing is in memory: what they read first needs memory too
// (failnth.h). Wants little memory (./kine run --mem 24M), for it is used up before each trial, so that
// caches are given up. Only blocks and inodes are compared after each trial: caches are not what they were.
#include "failnth.h"

enum { BIG = 200 << 10 };

static int fd = -1;

static void make(const char *path, int bytes)
{
    static char buffer[PAGE];
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int at = 0; at < bytes; at += PAGE)
        must(write(fd, buffer, PAGE) == PAGE, path);
}

static void make_old(void)
{
    make("old", BIG);
    close(fd);
    forget_caches();
}

static void make_removed(void)
{
    make("old", BIG);
    must(unlink("old") == 0, "unlink");
    forget_caches();
}

static bool there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static bool only_old(void)
{
    return there("old") && !there("new");
}

static bool no_new(void)
{
    return !there("new");
}

static void remove_both(void)
{
    unlink("old");
    unlink("new");
}

static int create(void)
{
    fd = open("new", O_RDWR | O_CREAT | O_EXCL, 0600);
    return fd < 0 ? errno : close(fd);
}

static int make_link(void)
{
    return error_of(
        symlink("a/target/of/more/than/sixty/bytes/so/that/it/does/not/fit/into/the/inode", "new"));
}

static int remove_old(void)
{
    return error_of(unlink("old"));
}

static int cut_old(void)
{
    return error_of(syscall(SYS_truncate, "old", PAGE));
}

static int append_to_old(void)
{
    fd = open("old", O_RDWR | O_APPEND);
    if (fd < 0)
        return errno;
    ssize_t put = write(fd, "bytes", 5);
    int error = put == 5 ? 0 : errno;
    close(fd);
    return error;
}

static int close_removed(void)
{
    return close(fd);
}

static const struct operation operations[] = {
    {"open with O_CREAT", forget_caches, create, .finish = remove_both, .unharmed = no_new, .once = true},
    {"symlink with a block", forget_caches, make_link, .finish = remove_both, .unharmed = no_new, .once = true},
    {"write at the end", make_old, append_to_old, .finish = remove_both, .once = true},
    {"truncate", make_old, cut_old, .finish = remove_both, .once = true},
    {"unlink", make_old, remove_old, .finish = remove_both, .unharmed = only_old, .once = true},
    {"close of a removed file", make_removed, close_removed, .finish = remove_both, .once = true},
};

int main(void)
{
    work_in("failnth_cold");
    start_sweeps();
    only_disk = true;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        sweep(&operations[i]);
    return done();
}
