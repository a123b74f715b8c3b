// SPDX-License-Identifier: MIT
// Files, directories, links and names as POSIX has them; every error as Linux gives it.
#include <dirent.h>
#include "ktap.h"

static char buffer[64 << 10], expected[64 << 10];

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

static int entries(const char *path)
{
    int count = 0;
    DIR *dir = opendir(path);
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static void files(void)
{
    struct stat status;
    int fd = make("a", "hello world");
    ok(lseek(fd, 6, SEEK_SET) == 6 && read(fd, buffer, 99) == 5 && memcmp(buffer, "world", 5) == 0,
       "write, lseek, read");
    ok(read(fd, buffer, 1) == 0, "the end of the file");
    ok(pwrite(fd, "W", 1, 6) == 1 && lseek(fd, 0, SEEK_CUR) == 11 && holds("a", "hello World"),
       "pwrite leaves the offset");
    ok(fstat(fd, &status) == 0 && status.st_size == 11 && S_ISREG(status.st_mode) && status.st_nlink == 1,
       "fstat");
    fails(lseek(fd, -1, SEEK_SET), EINVAL, "lseek before the beginning");
    ok(ftruncate(fd, 5) == 0 && holds("a", "hello"), "truncated");
    ok(ftruncate(fd, 8) == 0 && holds("a", "hello") == false && fstat(fd, &status) == 0 &&
           status.st_size == 8 && pread(fd, buffer, 8, 0) == 8 && memcmp(buffer, "hello\0\0\0", 8) == 0,
       "and made longer, with zeros");
    close(fd);
    fd = open("a", O_WRONLY | O_APPEND);
    ok(write(fd, "+", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0 && write(fd, "+", 1) == 1 &&
           fstat(fd, &status) == 0 && status.st_size == 10,
       "O_APPEND writes at the end");
    fails(read(fd, buffer, 1), EBADF, "read of a file open for writing");
    close(fd);
    fails(open("a", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST, "O_EXCL");
    fails(open("none", O_RDONLY), ENOENT, "open of nothing");
    fails(open("a/b", O_RDONLY), ENOTDIR, "a file as a directory");
    fails(open("a", O_RDONLY | O_DIRECTORY), ENOTDIR, "O_DIRECTORY");
    fails(open(".", O_WRONLY), EISDIR, "writing to a directory");
    fails(open("", O_RDONLY), ENOENT, "an empty path");
    fails(read(99, buffer, 1), EBADF, "a descriptor that is not open");
    fd = open(".", O_RDONLY);
    fails(read(fd, buffer, 10), EISDIR, "read of a directory");
    close(fd);
    fd = make("gone", "still here");
    ok(unlink("gone") == 0 && open("gone", O_RDONLY) < 0 && pread(fd, buffer, 10, 0) == 10 &&
           memcmp(buffer, "still here", 10) == 0 && fstat(fd, &status) == 0 && status.st_nlink == 0,
       "an unlinked file lives while it is open");
    close(fd);
    fd = open("/dev/null", O_RDWR);
    ok(write(fd, "x", 1) == 1 && read(fd, buffer, 1) == 0, "/dev/null");
    close(fd);
    fd = open("/dev/zero", O_RDONLY);
    memset(buffer, 1, 5000);
    ok(read(fd, buffer, 5000) == 5000 && filled(buffer, 0, 5000), "/dev/zero");
    close(fd);
}

static void directories(void)
{
    char name[300];
    struct stat status;
    ok(mkdir("d", 0755) == 0 && stat("d", &status) == 0 && S_ISDIR(status.st_mode) && status.st_nlink == 2,
       "mkdir");
    ok(mkdir("d/e", 0755) == 0 && stat("d", &status) == 0 && status.st_nlink == 3,
       "a subdirectory counts as a link");
    fails(mkdir("d", 0755), EEXIST, "mkdir twice");
    fails(mkdir("none/x", 0755), ENOENT, "mkdir below nothing");
    fails(rmdir("d"), ENOTEMPTY, "rmdir of a full directory");
    fails(unlink("d"), EISDIR, "unlink of a directory");
    fails(rmdir("a"), ENOTDIR, "rmdir of a file");
    fails(rmdir("d/."), EINVAL, "rmdir of .");
    ok(chdir("d/e") == 0 && getcwd(name, sizeof name) && strcmp(strrchr(name, '/'), "/e") == 0 &&
           chdir("../..") == 0,
       "chdir and getcwd");
    fails(chdir("a"), ENOTDIR, "chdir to a file");
    ok(!getcwd(name, 2) && errno == ERANGE, "getcwd with little room");
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "d/a-rather-long-name-so-that-blocks-fill-%d", i);
        close(make(name, ""));
    }
    ok(entries("d") == 303, "300 files in one directory");
    for (int i = 0; i < 300; i += 2) {
        snprintf(name, sizeof name, "d/a-rather-long-name-so-that-blocks-fill-%d", i);
        must(unlink(name) == 0, name);
    }
    ok(entries("d") == 153 && access("d/a-rather-long-name-so-that-blocks-fill-1", F_OK) == 0 &&
           access("d/a-rather-long-name-so-that-blocks-fill-2", F_OK) < 0,
       "every second one removed");
    memset(name, 'n', 299);
    name[255] = '\0';
    ok(mkdir(name, 0755) == 0 && rmdir(name) == 0, "a name of 255 bytes");
    name[255] = 'n', name[256] = '\0';
    fails(mkdir(name, 0755), ENAMETOOLONG, "of 256");
    memset(buffer, '/', 4200);
    buffer[4200] = '\0';
    fails(open(buffer, O_RDONLY), ENAMETOOLONG, "a path of 4200 bytes");
    ok(stat("/..", &status) == 0 && stat("//", &status) == 0 && stat("./d/../d/./e//", &status) == 0,
       "dots and slashes");
}

static void links(void)
{
    struct stat status, other;
    make("f", "file");
    ok(link("f", "g") == 0 && stat("f", &status) == 0 && stat("g", &other) == 0 &&
           status.st_ino == other.st_ino && other.st_nlink == 2,
       "a hard link");
    ok(unlink("f") == 0 && holds("g", "file") && stat("g", &status) == 0 && status.st_nlink == 1,
       "outlives the first name");
    fails(link("d", "x"), EPERM, "a hard link to a directory");
    fails(link("g", "g"), EEXIST, "onto itself");
    ok(symlink("g", "s") == 0 && holds("s", "file") && lstat("s", &status) == 0 && S_ISLNK(status.st_mode) &&
           status.st_size == 1 && readlink("s", buffer, 99) == 1 && buffer[0] == 'g',
       "a symbolic link");
    fails(readlink("g", buffer, 99), EINVAL, "readlink of a file");
    fails(symlink("x", "s"), EEXIST, "symlink over a name");
    memset(expected, 'x', 200);
    expected[200] = '\0';
    ok(symlink(expected, "long") == 0 && readlink("long", buffer, sizeof buffer) == 200 &&
           filled(buffer, 'x', 200),
       "a target too long for the inode");
    symlink("nowhere", "dangling");
    fails(open("dangling", O_RDONLY), ENOENT, "a link to nothing");
    int fd = open("dangling", O_RDWR | O_CREAT, 0644);
    ok(fd >= 0 && access("nowhere", F_OK) == 0, "O_CREAT makes what it points to");
    close(fd);
    symlink("l2", "l1"), symlink("l1", "l2");
    fails(open("l1", O_RDONLY), ELOOP, "two links in a circle");
    fails(open("s", O_RDONLY | O_NOFOLLOW), ELOOP, "O_NOFOLLOW");
    symlink("d/e", "into");
    close(make("into/deep", "deep"));
    ok(holds("d/e/deep", "deep") && unlink("into/deep") == 0 && unlink("into") == 0 &&
           access("d/e", F_OK) == 0,
       "links in the middle and at the end of a path");
}

// Sparse: one block at the beginning of each level of indirection (1 KiB blocks: 12, 268, 65804; 4 KiB:
// more).
static void sparse(void)
{
    static const long spots[] = {0,          11 * 1024,     12 * 1024,     13 * 4096,  268 * 1024,
                                 300 * 4096, 65804L * 1024, 70000L * 1024, 1000L << 20};
    struct stat status;
    int fd = make("sparse", ""), wrong = 0;
    for (int i = 0; i < 9; i++)
        wrong += pwrite(fd, &spots[i], 8, spots[i]) != 8;
    if (wrong && errno == EFBIG)
        skip("a sparse file of 1000 MiB", "too large for this block size");
    else
        ok(wrong == 0, "nine places written");
    for (int i = wrong = 0; i < 8; i++) {
        long seen = -1;
        wrong += pread(fd, &seen, 8, spots[i]) != 8 || seen != spots[i];
    }
    ok(wrong == 0, "read back");
    ok(pread(fd, buffer, 4096, 5000L * 1024) == 4096 && filled(buffer, 0, 4096), "zeros between them");
    ok(fstat(fd, &status) == 0 && status.st_blocks < 1000, "few blocks are used");
    ok(ftruncate(fd, 300 * 1024) == 0 && ftruncate(fd, 80000L * 1024) == 0 &&
           pread(fd, buffer, 8, 65804L * 1024) == 8 && filled(buffer, 0, 8),
       "what was cut off is gone");
    close(fd);
    ok(unlink("sparse") == 0, "and it can be removed");
}

// Only a device has a number. In a file it was taken for the first block of its map: somebody else's.
static void nodes(void)
{
    static const int types[] = {0, S_IFREG, S_IFIFO, S_IFSOCK};
    struct stat status;
    for (int i = 0; i < 4; i++) {
        must(syscall(SYS_mknodat, AT_FDCWD, "node", types[i] | 0600, 0x103) == 0 && stat("node", &status) == 0, "mknod");
        ok(status.st_rdev == 0, "mknod %o: no device number", types[i]);
        int fd = S_ISREG(status.st_mode) ? open("node", O_RDWR) : -1;
        struct statfs before, after;
        must(syscall(SYS_statfs, ".", &before) == 0, "statfs");
        ok(fd < 0 || (ftruncate(fd, PAGE) == 0 && ftruncate(fd, 0) == 0 && syscall(SYS_statfs, ".", &after) == 0 &&
                      after.f_bfree == before.f_bfree),
           "and it has no block");
        close(fd);
        must(unlink("node") == 0, "unlink");
    }
    must(syscall(SYS_mknodat, AT_FDCWD, "node", S_IFCHR | 0600, 0x103) == 0 && stat("node", &status) == 0, "mknod");
    ok(status.st_rdev == 0x103 && unlink("node") == 0, "a device has its number");
}

// Random writes and reads of a file against a copy in memory.
static void random_access(void)
{
    unsigned seed = 12345, wrong = 0;
    int fd = make("random", "");
    memset(expected, 0, sizeof expected);
    must(ftruncate(fd, sizeof expected) == 0, "ftruncate");
    for (int i = 0; i < 400; i++) {
        seed = seed * 1664525 + 1013904223;
        unsigned at = (seed >> 8) % (sizeof expected - 6000), count = (seed >> 20) % 6000;
        if (i % 2) {
            memset(expected + at, i, count);
            wrong += pwrite(fd, expected + at, count, at) != (ssize_t)count;
        } else {
            wrong +=
                pread(fd, buffer, count, at) != (ssize_t)count || memcmp(buffer, expected + at, count) != 0;
        }
    }
    ok(wrong == 0 && fsync(fd) == 0, "400 reads and writes at random");
    ok(pread(fd, buffer, sizeof buffer, 0) == sizeof buffer && memcmp(buffer, expected, sizeof buffer) == 0,
       "all of it");
    close(fd);
}

int main(void)
{
    work_in("t_fs");
    files();
    directories();
    links();
    sparse();
    nodes();
    random_access();
    return done();
}
