// SPDX-License-Identifier: MIT
//
// ext2 under the real VFS against the host's own file system: the same random system calls go to both, by the
// same numbers, and must give the same results and bytes. The disk's image is made by mke2fs; after every
// session e2fsck must find nothing to mend, and at the end debugfs must read the same tree. A session is a
// process: boot, mount, work, sync. What the small disk refuses (ENOSPC) is not asked of the host.

#define _GNU_SOURCE
#include "fs/syscalls.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"
#include "tests/host/fs_machine.h"
#include "tests/host/host_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define IO_MOST 40000
#define TASKS   3

// One call, two worlds. Paths are relative to the root of each.
enum call { OPEN, CLOSE, PREAD, PWRITE, MKDIR, UNLINK, LINK, SYMLINK, READLINK, RENAME, TRUNCATE, FSYNC };
static long here = AT_FDCWD;

static long kine(enum call call, long a, long b, long c, long d, long e)
{
    uint64_t A = (uint64_t)a, B = (uint64_t)b, C = (uint64_t)c, D = (uint64_t)d, E = (uint64_t)e;
    switch (call) {
    case OPEN: return sys_openat(A, B, C, D);
    case CLOSE: return sys_close(A);
    case PREAD: return sys_pread64(A, B, C, D);
    case PWRITE: return sys_pwrite64(A, B, C, D);
    case MKDIR: return sys_mkdirat(A, B, C);
    case UNLINK: return sys_unlinkat(A, B, C);
    case LINK: return sys_linkat(A, B, C, D, E);
    case SYMLINK: return sys_symlinkat(A, B, C);
    case READLINK: return sys_readlinkat(A, B, C, D);
    case RENAME: return sys_renameat2(A, B, C, D, E);
    case TRUNCATE: return sys_ftruncate(A, B);
    default: return sys_fsync(A);
    }
}

static long host(enum call call, long a, long b, long c, long d, long e)
{
    static const char *const names[] = {"openat", "close", "pread64", "pwrite64", "mkdirat", "unlinkat", "linkat",
                                        "symlinkat", "readlinkat", "renameat2", "ftruncate", "fsync"};
    return host_call(names[call], a, b, c, d, e);
}

static unsigned calls, refused;
static bool hostile; // results do not matter, only that there are some

// Both, unless the disk is full. => the result of both
static long both(enum call call, long a, long b, long c, long d, long e)
{
    long result = kine(call, a, b, c, d, e);
    calls++;
    if (hostile)
        return result;
    if (result == -ENOSPC) {
        refused++;
        return result;
    }
    long wanted = host(call, a, b, c, d, e);
    if (result != wanted)
        printf("# call %d (%ld %s %ld): %ld, host %ld\n", call, a, b > 4096 && call != PWRITE && call != PREAD ?
               (const char *)b : "", c, result, wanted);
    CHECK(result == wanted);
    return result;
}

// ---- one task's random work, below a directory of its own ----

struct worker {
    char top[8];
    unsigned steps;
    uint64_t size_most;
    struct { long kine, host; } open[4]; // -1: none
    char mine[IO_MOST], theirs[IO_MOST];
};

static const char *path(struct worker *worker, char *buffer)
{
    size_t length = (size_t)sprintf(buffer, "%s", worker->top);
    for (uint64_t depth = 1 + fs_random(3); depth > 0; depth--) {
        uint64_t name = fs_random(40);
        if (name == 0)
            length += (size_t)sprintf(buffer + length, "/%0*d", 250 + (int)fs_random(6), 7); // ENAMETOOLONG: 256..
        else if (name < 10)
            length += (size_t)sprintf(buffer + length, "/many-%ld", fs_random(300));
        else
            length += (size_t)sprintf(buffer + length, "/%c", "abcdef"[name % 6]);
    }
    return buffer;
}

static uint64_t offset(const struct worker *worker)
{
    uint64_t most = worker->size_most >> (fs_random(3) ? 20 : fs_random(20)); // mostly small, rarely huge
    return fs_random(most < 100000 ? 100000 : most);
}

static void open_or_close(struct worker *worker, const char *name)
{
    static const long flags[] = {O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
                                 O_RDWR | O_CREAT | O_TRUNC, O_WRONLY, O_RDONLY | O_DIRECTORY};
    unsigned i = (unsigned)fs_random(4);
    long how = flags[fs_random(sizeof(flags) / sizeof(*flags))];
    if (worker->open[i].kine >= 0) {
        CHECK(kine(CLOSE, worker->open[i].kine, 0, 0, 0, 0) == 0);
        if (!hostile)
            CHECK(host(CLOSE, worker->open[i].host, 0, 0, 0, 0) == 0);
    }
    long fd = kine(OPEN, here, (long)name, how, 0644, 0);
    long wanted = hostile ? fd : fd == -ENOSPC ? -ENOSPC : host(OPEN, here, (long)name, how, 0644, 0);
    if (fd < 0 && fd != wanted)
        printf("# open %s %lo: %ld, host %ld\n", name, how, fd, wanted);
    CHECK(fd < 0 ? fd == wanted : wanted >= 0);
    worker->open[i].kine = fd;
    worker->open[i].host = wanted;
}

static void read_or_write(struct worker *worker)
{
    unsigned i = (unsigned)fs_random(4);
    long fd = worker->open[i].kine, other = worker->open[i].host;
    uint64_t bytes = fs_random(fs_random(2) ? IO_MOST : 3000), at = offset(worker);
    if (fd < 0)
        return;
    if (fs_random(8) == 0) {
        long result = kine(TRUNCATE, fd, (long)at, 0, 0, 0);
        CHECK(hostile || result == -ENOSPC || result == host(TRUNCATE, other, (long)at, 0, 0, 0));
    } else if (fs_random(2)) {
        for (size_t j = 0; j < bytes; j += 7)
            worker->mine[j] = (char)fs_random(256);
        long result = kine(PWRITE, fd, (long)worker->mine, (long)bytes, (long)at, 0);
        refused += result != (long)bytes;
        if (!hostile && result != -ENOSPC) // a short write: the host writes as much
            CHECK(result == host(PWRITE, other, (long)worker->mine, result > 0 ? result : (long)bytes, (long)at, 0));
    } else {
        long result = kine(PREAD, fd, (long)worker->mine, (long)bytes, (long)at, 0);
        if (hostile)
            return;
        CHECK(result == host(PREAD, other, (long)worker->theirs, (long)bytes, (long)at, 0));
        CHECK(result <= 0 || memcmp(worker->mine, worker->theirs, (size_t)result) == 0);
    }
}

static void step(struct worker *worker)
{
    char first[1100], second[1100];
    path(worker, first);
    path(worker, second);
    switch (fs_random(16)) {
    case 0: case 1: case 2:
        open_or_close(worker, first);
        break;
    case 3:
        both(MKDIR, here, (long)first, 0755, 0, 0);
        break;
    case 4: case 5:
        both(UNLINK, here, (long)first, 0, 0, 0);
        break;
    case 6:
        both(UNLINK, here, (long)first, AT_REMOVEDIR, 0, 0);
        break;
    case 7:
        both(LINK, here, (long)first, here, (long)second, 0);
        break;
    case 8: case 9:
        both(RENAME, here, (long)first, here, (long)second, fs_random(4) == 0 ? RENAME_NOREPLACE : 0);
        break;
    case 10:
        if (fs_random(2)) // longer than an inode has room for
            sprintf(second, "%0*d", 50 + (int)fs_random(900), 1);
        both(SYMLINK, (long)second, here, (long)first, 0, 0);
        break;
    case 11: {
        long length = both(READLINK, here, (long)first, (long)second, sizeof(second), 0);
        (void)length;
        break;
    }
    default:
        read_or_write(worker);
    }
    if (fs_random(200) == 0)
        CHECK(sys_sync() == 0 || hostile);
}

static void work(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < worker->steps; i++)
        step(worker);
    for (unsigned i = 0; i < 4; i++)
        if (worker->open[i].kine >= 0)
            kine(CLOSE, worker->open[i].kine, 0, 0, 0, 0);
}

// ---- comparing the trees ----

struct kine_stat { // the ABI's, of riscv64
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, st_pad;
    int64_t st_size, st_rest[9];
};

static void compare_file(const char *name, uint64_t size)
{
    static char mine[1 << 16], theirs[1 << 16];
    long fd = sys_openat((uint64_t)here, (uint64_t)name, O_RDONLY, 0);
    CHECK(fd >= 0);
    for (uint64_t at = 0; at < size;) {
        uint64_t data = host_next_data(name, at, theirs, sizeof(theirs)); // >= at; size: no more
        if (data > at) { // the host has a hole here
            uint64_t probe = at + fs_random(data - at), bytes = data - probe < 4096 ? data - probe : 4096;
            CHECK(sys_pread64((uint64_t)fd, (uint64_t)mine, bytes, probe) == (int64_t)bytes);
            for (uint64_t i = 0; i < bytes; i++)
                CHECK(mine[i] == 0);
        }
        uint64_t bytes = size - data < sizeof(mine) ? size - data : sizeof(mine);
        if (bytes > 0)
            CHECK(sys_pread64((uint64_t)fd, (uint64_t)mine, bytes, data) == (int64_t)bytes);
        CHECK(memcmp(mine, theirs, bytes) == 0);
        at = data + bytes;
    }
    CHECK(sys_pread64((uint64_t)fd, (uint64_t)mine, 1, size) == 0);
    CHECK(sys_close((uint64_t)fd) == 0);
}

// Entries of a directory, whatever their order: a sum over hashes of name and type.
static uint64_t listing(const char *name, long (*getdents)(long fd, void *buffer, size_t bytes), long fd)
{
    char buffer[700];
    uint64_t sum = 0;
    (void)name;
    for (long bytes; (bytes = getdents(fd, buffer, sizeof(buffer))) != 0;) {
        CHECK(bytes > 0);
        for (long at = 0; at < bytes; at += *(uint16_t *)(buffer + at + 16)) {
            uint64_t hash = 14695981039346656037u + (unsigned char)buffer[at + 18];
            for (const char *c = buffer + at + 19; *c; c++)
                hash = (hash ^ (unsigned char)*c) * 1099511628211u;
            sum += hash;
        }
    }
    return sum;
}

static long kine_getdents(long fd, void *buffer, size_t bytes)
{
    return sys_getdents64((uint64_t)fd, (uint64_t)buffer, bytes);
}

static void compare(const char *name, uint32_t mode, uint64_t links, uint64_t size)
{
    struct kine_stat stat;
    long result = sys_newfstatat((uint64_t)here, (uint64_t)name, (uint64_t)&stat, AT_SYMLINK_NOFOLLOW);
    if (result || stat.st_mode != mode)
        printf("# %s: %ld, mode %o, host %o\n", name, result, stat.st_mode, mode);
    CHECK(result == 0 && stat.st_mode == mode);
    CHECK(S_ISDIR(mode) || (stat.st_nlink == links && stat.st_size == (int64_t)size));
    if (S_ISREG(mode))
        compare_file(name, size);
    if (!S_ISDIR(mode))
        return;
    long fd = sys_openat((uint64_t)here, (uint64_t)name, O_RDONLY | O_DIRECTORY, 0);
    long other = host_call("openat", here, (long)name, O_RDONLY | O_DIRECTORY, 0, 0);
    CHECK(listing(name, kine_getdents, fd) == listing(name, host_getdents, other));
    CHECK(sys_close((uint64_t)fd) == 0 && host_call("close", other, 0, 0, 0, 0) == 0);
}

// ---- sessions ----

struct plan {
    const char *mke2fs; // options
    unsigned mib, sessions, steps;
    uint64_t size_most;
};

static void session(const char *image, const struct plan *plan, uint64_t seed, bool first)
{
    static struct worker workers[TASKS];
    fs_machine_boot(image, 8, seed);
    CHECK(fs_machine_mount() == 0);
    host_for_each(compare); // what the last one left
    fake_shuffle(seed);
    for (unsigned i = 0; i < TASKS; i++) {
        struct worker *worker = &workers[i];
        *worker = (struct worker){.steps = plan->steps, .size_most = plan->size_most};
        for (unsigned j = 0; j < 4; j++)
            worker->open[j].kine = -1;
        sprintf(worker->top, "top%u", i);
        CHECK(!first || both(MKDIR, here, (long)worker->top, 0755, 0, 0) == 0);
        fake_task_start(work, worker);
    }
    fake_tasks_finish();
    host_for_each(compare);
    CHECK(sys_sync() == 0);
    fs_machine_check_quiet();
    printf("# %u calls, %u refused, up to %u requests at a time\n", calls, refused, fs_disk_most_queued);
}

static void run_sessions(const struct plan *plan, uint64_t seed)
{
    char image[64], command[400];
    host_tree_create();
    sprintf(image, "/tmp/kine-ext2-%d.img", getpid());
    sprintf(command, "rm -f %s && mke2fs -q -t ext2 %s -d %s %s %uM", image, plan->mke2fs, host_tree_path(), image,
            plan->mib);
    CHECK(host_shell(command) == 0);
    for (unsigned i = 0; i < plan->sessions; i++) {
        int status;
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            session(image, plan, seed + i, i == 0);
            fflush(stdout);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(status == 0);
        sprintf(command, "e2fsck -fn %s >%s.fsck 2>&1 || { cat %s.fsck; false; }", image, image, image);
        CHECK(host_shell(command) == 0);
    }
    host_compare_by_debugfs(image, 1 << 20);
    sprintf(command, "rm -rf %s %s.fsck %s", image, image, host_tree_path());
    CHECK(host_shell(command) == 0);
}

#define FEATURES "-O ^resize_inode,^dir_index,^ext_attr "
static void blocks_of_1_kib(void)
{
    run_sessions(&(struct plan){FEATURES "-b 1024 -I 128", 24, 3, 3000, 15ull << 30}, 1);
}
static void blocks_of_2_kib(void)
{
    run_sessions(&(struct plan){FEATURES "-b 2048 -I 256", 24, 2, 3000, 100ull << 30}, 2);
}
static void blocks_of_4_kib(void)
{
    run_sessions(&(struct plan){FEATURES "-b 4096 -I 256", 40, 2, 3000, 3000ull << 30}, 3);
}
static void full_disk(void)
{
    run_sessions(&(struct plan){FEATURES "-b 1024 -I 128", 1, 4, 2000, 1 << 20}, 4);
}
static void no_inodes_left(void)
{
    run_sessions(&(struct plan){FEATURES "-b 1024 -N 48", 4, 2, 2000, 1 << 20}, 5);
}
static void many_groups_and_foreign_features(void)
{
    run_sessions(&(struct plan){"-O ^filetype -b 1024 -g 256", 4, 2, 2000, 1 << 20}, 6);
}

int main(void)
{
    TEST(blocks_of_1_kib);
    TEST(blocks_of_2_kib);
    TEST(blocks_of_4_kib);
    TEST(full_disk);
    TEST(no_inodes_left);
    TEST(many_groups_and_foreign_features);
    return 0;
}
