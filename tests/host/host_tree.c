// SPDX-License-Identifier: MIT
//
// See host_tree.h. The program changes into the tree, so that names relative to it are names of the tree.

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sequence.h"
#include "tests/host/check.h"
#include "tests/host/host_tree.h"

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
    struct stat stat;
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    CHECK(fstat(fd, &stat) == 0);
    if (data < 0)
        data = stat.st_size;
    CHECK(pread(fd, buffer, bytes, data) >= 0);
    close(fd);
    return (uint64_t)data;
}

// Where a change may do harm: anywhere something is, the super block, or the blocks of directories.
static uint8_t *pick(uint8_t *bytes, size_t count, struct sequence *random)
{
    for (;;) {
        uint64_t how = sequence_next(random) % 4, at = sequence_next(random) % count;
        if (how == 0)
            at = 1024 + at % 128;
        if (how == 1 && memcmp(&bytes[at & ~1023ull] + 8, ".\0\0\0", 4) != 0)
            continue;
        if (bytes[at] != 0)
            return &bytes[at];
    }
}

// What a number becomes is what checks forget: limits, neighbours, other blocks and inodes.
void host_damage(const char *image, const char *copy, uint64_t seed)
{
    static uint8_t bytes[4 << 20];
    struct sequence random = {seed};
    int fd = open(image, O_RDONLY);
    ssize_t count = read(fd, bytes, sizeof(bytes));
    CHECK(count > 0);
    close(fd);
    for (uint64_t changes = sequence_between(&random, 1, 6); changes > 0; changes--) {
        size_t width = (size_t)1 << sequence_next(&random) % 3;
        uint8_t *at = bytes + (((size_t)(pick(bytes, (size_t)count, &random) - bytes)) & ~(width - 1));
        uint32_t old;
        memcpy(&old, at, sizeof(old));
        uint32_t values[] = {0, 1, 2, UINT32_MAX, 0x7fffffff, 0x80000000, old + 1, old - 1, 255, 1024,
                             old ^ 1u << sequence_next(&random) % 32, (uint32_t)sequence_next(&random),
                             (uint32_t)(sequence_next(&random) % (size_t)count / 1024), (uint32_t)(at - bytes) / 1024};
        memcpy(at, &values[sequence_next(&random) % (sizeof(values) / sizeof(*values))], width);
    }
    fd = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(write(fd, bytes, (size_t)count) == count);
    close(fd);
}

void host_fill_block(const char *image, unsigned block, uint32_t first, uint32_t second)
{
    uint32_t words[256];
    for (unsigned i = 0; i < 256; i++)
        words[i] = i == 0 || second == 0 ? first : i == 1 ? second : 0;
    int fd = open(image, O_RDWR);
    CHECK(pwrite(fd, words, sizeof(words), block * (off_t)sizeof(words)) == sizeof(words));
    close(fd);
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
