// SPDX-License-Identifier: MIT
// rename as POSIX has it; every error as Linux gives it.
#include "ktap.h"

static char buffer[64];

static int make(const char *path, const char *text)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
    return fd;
}

static bool holds(const char *path, const char *text)
{
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
    close(fd);
    return got == (ssize_t)strlen(text) && memcmp(buffer, text, got) == 0;
}

static void renames(void)
{
    struct stat status;
    mkdir("d", 0755);
    close(make("r1", "one"));
    close(make("r2", "two"));
    ok(rename("r1", "r3") == 0 && holds("r3", "one") && access("r1", F_OK) < 0, "rename");
    ok(rename("r3", "r2") == 0 && holds("r2", "one"), "over a file");
    ok(rename("r2", "r2") == 0 && holds("r2", "one"), "onto itself");
    ok(rename("r2", "d/r") == 0 && holds("d/r", "one") && rename("d/r", "r") == 0,
       "into a directory and back");
    fails(rename("none", "x"), ENOENT, "rename of nothing");
    mkdir("p", 0755), mkdir("p/q", 0755), mkdir("z", 0755);
    fails(rename("r", "p"), EISDIR, "a file over a directory");
    fails(rename("p", "r"), ENOTDIR, "a directory over a file");
    fails(rename("z", "p"), ENOTEMPTY, "over a full directory");
    fails(rename("p", "p/q/x"), EINVAL, "a directory into itself");
    ok(rename("p", "z") == 0 && access("z/q", F_OK) == 0, "over an empty one");
    ok(rename("z/q", "q") == 0 && chdir("q") == 0 && stat("..", &status) == 0, "a moved directory");
    struct stat here;
    ok(chdir("..") == 0 && stat(".", &here) == 0 && here.st_ino == status.st_ino, "has a new parent");
}

int main(void)
{
    work_in("t_rename");
    renames();
    return done();
}
