// SPDX-License-Identifier: MIT
//
// See host_tree.h. The program changes into the tree, so that names relative to it are names of the tree.

#define _GNU_SOURCE
#include "tests/host/host_tree.h"
#include "tests/host/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static char tree[64];

void host_tree_create(void)
{
    sprintf(tree, "/tmp/kine-tree-XXXXXX");
    CHECK(mkdtemp(tree) && chdir(tree) == 0);
    CHECK(chmod(".", 0755) == 0);
    umask(0);
}

const char *host_tree_path(void)
{
    return tree;
}

int host_shell(const char *command)
{
    return system(command);
}

long host_call(const char *name, long a, long b, long c, long d, long e)
{
    static const struct { const char *name; long number; } numbers[] = {
        {"openat", SYS_openat}, {"close", SYS_close}, {"pread64", SYS_pread64}, {"pwrite64", SYS_pwrite64},
        {"mkdirat", SYS_mkdirat}, {"unlinkat", SYS_unlinkat}, {"linkat", SYS_linkat},
        {"symlinkat", SYS_symlinkat}, {"readlinkat", SYS_readlinkat}, {"renameat2", SYS_renameat2},
        {"ftruncate", SYS_ftruncate}, {"fsync", SYS_getpid}, // that is tested on the other side
    };
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        if (strcmp(numbers[i].name, name) == 0) {
            long result = syscall(numbers[i].number, a, b, c, d, e);
            return result < 0 ? -errno : result;
        }
    CHECK(!"a call by that name");
    return 0;
}

long host_getdents(long fd, void *buffer, size_t bytes)
{
    return syscall(SYS_getdents64, fd, buffer, bytes);
}

static void (*visitor)(const char *name, uint32_t mode, uint64_t links, uint64_t size);

static int visit_one(const char *name, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)type, (void)ftw;
    visitor(name, stat->st_mode, stat->st_nlink, (uint64_t)stat->st_size);
    return 0;
}

void host_for_each(void (*visit)(const char *name, uint32_t mode, uint64_t links, uint64_t size))
{
    visitor = visit;
    nftw(".", visit_one, 32, FTW_PHYS);
}

uint64_t host_next_data(const char *name, uint64_t at, void *buffer, size_t bytes)
{
    int fd = open(name, O_RDONLY);
    off_t end = lseek(fd, 0, SEEK_END), data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data < 0)
        data = end;
    CHECK(pread(fd, buffer, bytes, data) >= 0);
    close(fd);
    return (uint64_t)data;
}

// ---- debugfs ----

static FILE *script, *expected;
static uint64_t most_bytes;
static char prefix[80];
static unsigned dumped;

static void ask(const char *name, uint32_t mode, uint64_t links, uint64_t size)
{
    (void)links;
    if (S_ISREG(mode) && size <= most_bytes) {
        fprintf(script, "dump \"/%s\" %s.%u\n", name, prefix, dumped);
        fprintf(expected, "cmp -s '%s' %s.%u || exit 1\n", name, prefix, dumped++);
    }
}

void host_compare_by_debugfs(const char *image, uint64_t most)
{
    char command[400];
    most_bytes = most;
    dumped = 0;
    sprintf(prefix, "%s.out", image);
    sprintf(command, "%s.script", prefix);
    script = fopen(command, "w");
    sprintf(command, "%s.compare", prefix);
    expected = fopen(command, "w");
    CHECK(script && expected);
    host_for_each(ask);
    fclose(script);
    fclose(expected);
    sprintf(command, "debugfs -f %s.script %s >/dev/null 2>&1 && sh %s.compare", prefix, image, prefix);
    CHECK(system(command) == 0);
    printf("# debugfs read %u files\n", dumped);
    sprintf(command, "rm -f %s.*", prefix);
    CHECK(system(command) == 0);
}
