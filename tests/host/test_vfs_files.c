// SPDX-License-Identifier: MIT
//
// Descriptors, the bytes of files, attributes; and what happens when memory runs out at any place.

#include "fs/context.h"
#include "fs/pseudo.h"
#include "lib/log.h"
#include "lib/syscalls.h"
#include "tests/host/check.h"
#include "tests/host/vfs_world.h"
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/termios.h"
#include "uapi/uio.h"
#include <string.h>

static void test_file_table(void)
{
    int64_t fd = open_mode("/a/file", O_RDWR);
    char c;
    CHECK(fd == 0 && sys_dup(0) == 1 && sys_dup3(0, 5, O_CLOEXEC) == 5 && sys_dup(0) == 2);
    CHECK(sys_read(0, U(&c), 1) == 1 && c == 'h' && sys_read(5, U(&c), 1) == 1 && c == 'e'); // one position
    CHECK(sys_dup3(0, 0, 0) == -EINVAL && sys_dup3(9, 1, 0) == -EBADF && sys_dup3(0, FILES_MOST, 0) == -EBADF);
    CHECK(sys_fcntl(5, F_GETFD, 0) == FD_CLOEXEC && sys_fcntl(1, F_GETFD, 0) == 0);
    CHECK(sys_fcntl(1, F_SETFD, FD_CLOEXEC) == 0 && sys_fcntl(0, F_DUPFD, 100) == 100);
    CHECK(sys_fcntl(0, F_DUPFD, FILES_MOST) == -EINVAL && sys_fcntl(0, F_GETFL, 0) == O_RDWR);
    CHECK(sys_fcntl(0, F_SETFL, O_APPEND | O_CREAT | O_WRONLY) == 0 && sys_fcntl(2, F_GETFL, 0) == (O_RDWR | O_APPEND));
    struct file_table *copy = file_table_copy(files);
    file_table_close_on_exec(files);
    CHECK(sys_close(1) == -EBADF && sys_close(5) == -EBADF && sys_close(100) == 0);
    struct file_table *saved = files;
    files = copy;
    CHECK(sys_fcntl(100, F_GETFL, 0) >= 0 && sys_fcntl(5, F_GETFD, 0) == FD_CLOEXEC);
    int64_t last = 0;
    while ((fd = sys_dup(0)) >= 0)
        last = fd;
    CHECK(fd == -EMFILE && last == FILES_MOST - 1);
    file_table_put(copy);
    files = saved;
    CHECK(sys_close(0) == 0 && sys_close(2) == 0 && sys_close(2) == -EBADF && sys_close(~0ull) == -EBADF);
    CHECK(sys_read(0, U(&c), 1) == -EBADF && sys_lseek(0, 0, 0) == -EBADF && sys_ioctl(0, 0, 0) == -EBADF);
}

// --- bytes ----------------------------------------------------------------------------------------------------

#define PAGES 12
static uint8_t model[PAGES * 4096], window[PAGES * 4096];

// A file against an array: writes with absent user pages, truncation, holes, caches thrown away in between.
static void test_bytes(void)
{
    uint64_t size = 0;
    unsigned blocks = memory_blocks_in_use;
    int64_t fd = open_mode("/bytes", O_CREAT | O_RDWR);
    CHECK(fd >= 0);
    for (int round = 0; round < 4000; round++) {
        uint64_t at = random_below(sizeof(model)), bytes = random_below(3 * 4096);
        uint8_t *source = window + random_below(4096);
        bytes = bytes < sizeof(model) - at ? bytes : sizeof(model) - at;
        switch (random_below(8)) {
        case 0:
            at = random_below(2) ? at : size;
            CHECK(sys_ftruncate((uint64_t)fd, at) == 0);
            memset(model + at, 0, sizeof(model) - at);
            size = at;
            break;
        case 1:
            forget_all();
            break;
        case 2: case 3: case 4:
            for (uint64_t i = 0; i < bytes; i++)
                source[i] = (uint8_t)random_below(256);
            memcpy(model + at, source, bytes);
            fake_absent_start = U(source) + random_below(8192);
            fake_absent_end = fake_absent_start + random_below(8192);
            CHECK(sys_pwrite64((uint64_t)fd, U(source), bytes, at) == (int64_t)bytes);
            size = bytes && at + bytes > size ? at + bytes : size;
            break;
        default: {
            int64_t expected = at >= size ? 0 : (int64_t)(bytes < size - at ? bytes : size - at);
            CHECK(sys_pread64((uint64_t)fd, U(source), bytes, at) == expected);
            CHECK(memcmp(source, model + at, (size_t)expected) == 0);
        }
        }
    }
    CHECK(fake_fault_ins > 100);
    fake_absent_end = 0;
    struct stat stat;
    CHECK(sys_fstat((uint64_t)fd, U(&stat)) == 0 && stat.st_size == (int64_t)size);
    CHECK(sys_fsync((uint64_t)fd) == 0 && sys_close((uint64_t)fd) == 0 && unlink("/bytes") == 0);
    forget_all();
    CHECK(memory_blocks_in_use == blocks);
}

static void test_io_errors(void)
{
    char c, text[8] = "abc";
    int64_t fd = open_mode("/io", O_CREAT | O_RDWR);
    uint64_t f = (uint64_t)fd;
    unsigned blocks = memory_blocks_in_use;
    CHECK(sys_write(f, FAKE_BAD_ADDRESS, 10) == -EFAULT && sys_lseek(f, 0, SEEK_END) == 0);
    CHECK(memory_blocks_in_use == blocks); // nothing reserved for nothing
    memory_blocks_most = blocks + 1;
    CHECK(sys_pwrite64(f, U(window), 3 * 4096, 0) == 4096 && sys_pwrite64(f, U(window), 1, 4096) == -ENOSPC);
    memory_blocks_most = 10000;
    CHECK(sys_pwrite64(f, U(window), 1, 1ull << 40) == -EFBIG && sys_pwrite64(f, U(window), 2, INT64_MAX) == -EFBIG);
    CHECK(sys_lseek(f, 0, SEEK_END) == 4096 && sys_pread64(f, U(&c), 1, ~0ull) == -EINVAL);
    CHECK(sys_lseek(f, (uint64_t)-4097, SEEK_END) == -EINVAL && sys_lseek(f, 0, 7) == -EINVAL);
    CHECK(sys_lseek(f, INT64_MAX, SEEK_CUR) == -EINVAL && sys_lseek(f, 10, SEEK_SET) == 10);
    CHECK(sys_read(f, FAKE_BAD_ADDRESS, 10) == -EFAULT && sys_read(f, FAKE_BAD_ADDRESS, 0) == 0);
    CHECK(sys_lseek(f, 0, SEEK_CUR) == 10 && sys_ioctl(f, TCGETS, U(text)) == -ENOTTY);
    CHECK(sys_ftruncate(f, (uint64_t)-1) == -EINVAL && sys_truncate(U("/a"), 0) == -EISDIR);
    struct iovec vector[3] = {{text, 2}, {NULL, 0}, {text + 2, 1}};
    CHECK(sys_ftruncate(f, 0) == 0 && sys_lseek(f, 0, SEEK_SET) == 0 && sys_writev(f, U(vector), 3) == 3);
    vector[2].iov_base = (void *)FAKE_BAD_ADDRESS;
    CHECK(sys_lseek(f, 0, SEEK_SET) == 0 && sys_readv(f, U(vector), 3) == 2 && sys_writev(f, U(vector), 1025) == -EINVAL);
    vector[1].iov_len = (size_t)INT64_MAX;
    CHECK(sys_readv(f, U(vector), 3) == -EINVAL && sys_close(f) == 0);
    CHECK((fd = open_mode("/io", O_WRONLY | O_APPEND)) >= 0 && sys_read(f, U(&c), 1) == -EBADF);
    CHECK(sys_write(f, U("def"), 3) == 3 && strcmp(contents("/io"), "abcdef") == 0 && sys_close(f) == 0);
    CHECK((fd = open_mode("/io", O_RDONLY | O_TRUNC)) >= 0 && strcmp(contents("/io"), "") == 0);
    CHECK(sys_write(f, U("x"), 1) == -EBADF && sys_ftruncate(f, 0) == -EINVAL && sys_close(f) == 0);
    CHECK(unlink("/io") == 0);
}

static void test_attributes(void)
{
    struct stat stat;
    struct timespec times[2] = {{.tv_sec = 11}, {.tv_nsec = UTIME_OMIT}};
    context->umask = 022;
    touch("/attr");
    CHECK(stat_of("/attr", &stat) == 0 && stat.st_mode == (S_IFREG | 0644) && sys_umask(0) == 022);
    CHECK(sys_fchmodat(CWD, U("/attr"), 04755) == 0 && sys_fchownat(CWD, U("/attr"), 7, (uint64_t)-1, 0) == 0);
    CHECK(sys_faccessat(CWD, U("/attr"), X_OK) == 0 && sys_fchmodat(CWD, U("/attr"), 0644) == 0);
    CHECK(sys_faccessat(CWD, U("/attr"), X_OK) == -EACCES && sys_faccessat(CWD, U("/a"), X_OK) == 0);
    CHECK(sys_utimensat(CWD, U("/attr"), U(times), 0) == 0 && stat_of("/attr", &stat) == 0);
    CHECK(stat.st_atim.tv_sec == 11 && stat.st_mtim.tv_sec != 11 && stat.st_uid == 7 && stat.st_gid == 0);
    times[0].tv_nsec = UTIME_OMIT;
    CHECK(sys_utimensat(CWD, U("/attr"), U(times), 0) == 0 && sys_utimensat(CWD, U("/nothing"), U(times), 0) == 0);
    CHECK(sys_newfstatat(CWD, U("/attr"), U(&stat), 0x8000) == -EINVAL);
    memory_super.read_only = true;
    CHECK(open_mode("/attr", O_WRONLY) == -EROFS && open_mode("/new", O_CREAT) == -EROFS && mkdir("/d") == -EROFS);
    CHECK(unlink("/attr") == -EROFS && move("/attr", "/b") == -EROFS && mkdir("/a") == -EEXIST);
    CHECK(sys_fchmodat(CWD, U("/attr"), 0) == -EROFS && sys_truncate(U("/attr"), 0) == -EROFS);
    CHECK(sys_faccessat(CWD, U("/attr"), W_OK) == -EROFS);
    memory_super.read_only = false;
    CHECK(sys_mknodat(CWD, U("/null"), S_IFCHR | 0666, 1 << 8 | 3) == 0 && sys_mknodat(CWD, U("/n"), S_IFDIR, 0) == -EPERM);
    int64_t fd = open_mode("/null", O_RDWR);
    CHECK(fd >= 0 && sys_write((uint64_t)fd, FAKE_BAD_ADDRESS, 5) == 5 && sys_read((uint64_t)fd, U(&stat), 5) == 0);
    CHECK(sys_lseek((uint64_t)fd, 0, SEEK_SET) == -ESPIPE && sys_close((uint64_t)fd) == 0 && unlink("/null") == 0);
    CHECK(sys_mknodat(CWD, U("/nodev"), S_IFCHR | 0666, 99 << 8) == 0 && open_mode("/nodev", O_RDWR) == -ENXIO);
    CHECK(unlink("/nodev") == 0 && unlink("/attr") == 0);
}

// --- write-back -----------------------------------------------------------------------------------------------

static int sync_result;
static size_t logged;

static int sync_fails(struct super_block *super)
{
    (void)super;
    return sync_result;
}

static void count_logged(const char *text, size_t bytes)
{
    (void)text;
    logged += bytes;
}

// Without memory, write-back is tried again: no reason to alarm anybody.
static void test_write_back(void)
{
    put("/later", "x");
    memory_super.sync = sync_fails;
    log_set_sink(count_logged);
    sync_result = -ENOMEM;
    CHECK(vfs_reclaim(false) && !logged);
    put("/later", "y");
    sync_result = -EIO;
    CHECK(vfs_reclaim(false) && logged);
    log_set_sink(NULL);
    memory_super.sync = NULL;
    CHECK(unlink("/later") == 0);
}

// --- sync and what leaves meanwhile ---------------------------------------------------------------------------

static bool synced;

static void remove_one(void *name)
{
    CHECK(unlink(name) == 0);
}

static void sync_all(void *)
{
    CHECK(sys_sync() == 0);
    synced = true;
}

static void let_others_run(void)
{
    for (unsigned i = 0; i < 50; i++)
        fake_yield();
}

static void one_after_the_other(void *)
{
    let_others_run();
    CHECK(!synced);
    fake_task_start(remove_one, "/second");
    let_others_run();
    memory_held[0] = 0;
    let_others_run();
    CHECK(synced);
    memory_held[1] = 0;
}

// Sync waits for an inode that is on its way out, but not for those that follow: there might always be one.
static void test_sync_ends(void)
{
    struct stat first, second;
    put("/first", "1");
    put("/between", ""); // sync stands here while it waits, and so would have to see it off
    put("/second", "2");
    CHECK(stat_of("/first", &first) == 0 && stat_of("/second", &second) == 0);
    memory_held[0] = first.st_ino;
    memory_held[1] = second.st_ino;
    fake_task_start(remove_one, "/first");
    fake_task_start(sync_all, NULL);
    fake_task_start(one_after_the_other, NULL);
    fake_tasks_finish();
    CHECK(synced && exists("/second") == -ENOENT && unlink("/between") == 0);
}

// --- out of memory --------------------------------------------------------------------------------------------

static void test_no_memory(void)
{
    forget_all();
    for (unsigned n = 1;; n++) {
        size_t before = fake_objects_in_use;
        fake_fail_allocation = n;
        int64_t result = mkdir("/a/deep");
        int64_t fd = result ? result : open_mode("/a/deep/x", O_CREAT | O_RDWR);
        result = fd < 0 ? fd : sys_write((uint64_t)fd, U("text"), 4);
        if (result >= 0)
            result = move("/a/deep/x", "/a/deep/y");
        int ends[2];
        int64_t piped = result < 0 ? result : sys_pipe2(U(ends), 0);
        bool done = fake_fail_allocation > 0;
        fake_fail_allocation = 0;
        CHECK(result == 0 || result == -ENOMEM);
        if (piped == 0)
            CHECK(sys_close((uint64_t)ends[0]) == 0 && sys_close((uint64_t)ends[1]) == 0);
        CHECK(piped == 0 || piped == -ENOMEM);
        if (fd >= 0)
            sys_close((uint64_t)fd);
        unlink("/a/deep/x");
        unlink("/a/deep/y");
        rmdir("/a/deep");
        forget_all();
        CHECK(exists("/a/deep") == -ENOENT);
        forget_all();
        CHECK(fake_objects_in_use == before);
        if (done && result == 0 && piped == 0)
            break;
        CHECK(n < 200);
    }
}

int main(void)
{
    vfs_world_boot();
    TEST(test_file_table);
    TEST(test_bytes);
    TEST(test_io_errors);
    TEST(test_attributes);
    TEST(test_write_back);
    TEST(test_sync_ends);
    TEST(test_no_memory);
    vfs_world_end();
    return 0;
}
