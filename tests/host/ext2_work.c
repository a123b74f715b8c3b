// SPDX-License-Identifier: MIT
//
// See ext2_work.h.

#include "tests/host/ext2_work.h"

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

unsigned calls, refused, working;
bool work_hostile;

// Both, unless the disk is full. => the result of both
static long both(enum call call, long a, long b, long c, long d, long e)
{
    long result = kine(call, a, b, c, d, e);
    calls++;
    if (work_hostile)
        return result;
    if (result == -ENOSPC) {
        refused++;
        return result;
    }
    long wanted = host(call, a, b, c, d, e);
    // Of two errors, which: the VFS may choose.
    if ((call == LINK && result == -EPERM && wanted < 0) ||
        (call == RENAME && result == -EISDIR && wanted == -ENOTEMPTY))
        return wanted;
    if (result != wanted)
        printf("# call %d (%ld %s %ld): %ld, host %ld\n", call, a, b > 4096 && call != PWRITE && call != PREAD ?
               (const char *)b : "", c, result, wanted);
    CHECK(result == wanted);
    return result;
}

long work_mkdir(const char *name)
{
    return both(MKDIR, here, (long)name, 0755, 0, 0);
}

// ---- one task's work ----

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

// Small, or near a place where another indirect block begins: of the first level, the second, the third.
static uint64_t offset(const struct worker *worker)
{
    uint64_t b = worker->block_bytes, p = b / 4;
    uint64_t places[] = {0, 0, 0, 12 * b, (12 + p) * b, (12 + p + p) * b, (12 + p + 3 * p) * b,
                         (12 + p + p * p) * b, (12 + p + p * p + p) * b, (12 + p + 2 * p * p) * b};
    uint64_t place = places[fs_random(sizeof(places) / sizeof(*places))] + fs_random(60000);
    return place > 20000 && place - 20000 < worker->size_most ? place - 20000 : place % 60000;
}

static void open_or_close(struct worker *worker, const char *name)
{
    static const long flags[] = {O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL,
                                 O_RDWR | O_CREAT | O_TRUNC, O_WRONLY, O_RDONLY | O_DIRECTORY};
    unsigned i = (unsigned)fs_random(4);
    long how = flags[fs_random(sizeof(flags) / sizeof(*flags))];
    if (worker->open[i].kine >= 0) {
        CHECK(kine(CLOSE, worker->open[i].kine, 0, 0, 0, 0) == 0);
        if (!work_hostile)
            CHECK(host(CLOSE, worker->open[i].host, 0, 0, 0, 0) == 0);
    }
    long fd = kine(OPEN, here, (long)name, how, 0644, 0);
    long wanted = work_hostile ? fd : fd == -ENOSPC ? -ENOSPC : host(OPEN, here, (long)name, how, 0644, 0);
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
    uint64_t bytes = fs_random(fs_random(2) ? WORK_BYTES_MOST : 3000), at = offset(worker);
    if (fd < 0)
        return;
    if (fs_random(8) == 0) {
        long result = kine(TRUNCATE, fd, (long)at, 0, 0, 0);
        CHECK(work_hostile || result == -ENOSPC || result == host(TRUNCATE, other, (long)at, 0, 0, 0));
    } else if (fs_random(2)) {
        for (size_t j = 0; j < bytes; j += 7)
            worker->mine[j] = (char)fs_random(256);
        long result = kine(PWRITE, fd, (long)worker->mine, (long)bytes, (long)at, 0);
        refused += result != (long)bytes;
        if (!work_hostile && result != -ENOSPC) // a short write: the host writes as much
            CHECK(result == host(PWRITE, other, (long)worker->mine, result > 0 ? result : (long)bytes, (long)at, 0));
    } else {
        long result = kine(PREAD, fd, (long)worker->mine, (long)bytes, (long)at, 0);
        if (work_hostile)
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
            sprintf(second, "%0*d", 56 + (int)(fs_random(2) ? fs_random(8) : fs_random(900)), 1);
        both(SYMLINK, (long)second, here, (long)first, 0, 0);
        break;
    case 11:
        both(READLINK, here, (long)first, (long)second, sizeof(second), 0);
        break;
    default:
        read_or_write(worker);
    }
    if (fs_random(200) == 0)
        CHECK(sys_sync() == 0 || work_hostile);
}

void work_prepare(struct worker *worker, unsigned number, unsigned steps, uint64_t size_most,
                  unsigned block_bytes)
{
    *worker = (struct worker){.steps = steps, .size_most = size_most, .block_bytes = block_bytes};
    sprintf(worker->top, "top%u", number % 10);
    for (unsigned i = 0; i < 4; i++)
        worker->open[i].kine = -1;
}

void work(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = 0; i < worker->steps; i++)
        step(worker);
    for (unsigned i = 0; i < 4; i++)
        if (worker->open[i].kine >= 0)
            kine(CLOSE, worker->open[i].kine, 0, 0, 0, 0);
    working--;
}

// ---- comparing the trees ----

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
bool compare_without_types;
static uint64_t listing(long (*getdents)(long fd, void *buffer, size_t bytes), long fd)
{
    char buffer[700];
    uint64_t sum = 0;
    for (long bytes; (bytes = getdents(fd, buffer, sizeof(buffer))) != 0;) {
        CHECK(bytes > 0);
        for (long at = 0; at < bytes; at += *(uint16_t *)(buffer + at + 16)) {
            uint64_t hash = 14695981039346656037u + (compare_without_types ? 0 : (unsigned char)buffer[at + 18]);
            for (const char *c = buffer + at + 19; *c; c++)
                hash = (hash ^ (unsigned char)*c) * 1099511628211u;
            sum += strcmp(buffer + at + 19, "lost+found") ? hash : 0;
        }
    }
    return sum;
}

static long kine_getdents(long fd, void *buffer, size_t bytes)
{
    return sys_getdents64((uint64_t)fd, (uint64_t)buffer, bytes);
}

void compare(const char *name, uint32_t mode, uint64_t links, uint64_t size)
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
    CHECK(listing(kine_getdents, fd) == listing(host_getdents, other));
    CHECK(sys_close((uint64_t)fd) == 0 && host_call("close", other, 0, 0, 0, 0) == 0);
}
