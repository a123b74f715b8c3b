// SPDX-License-Identifier: MIT
//
// The VFS over memory_fs.c: names, descriptors, files through the page cache, pipes, /dev and /proc, the terminal,
// all through the system calls. Where tasks meet, coroutines run them in many orders.

#include "arch/cpu.h"
#include "arch/machine.h"
#include "dev/character.h"
#include "fs/context.h"
#include "fs/ext2.h"
#include "fs/pseudo.h"
#include "fs/syscalls.h"
#include "fs/tty.h"
#include "mm/audit.h"
#include "lib/sequence.h"
#include "tests/host/check.h"
#include "tests/host/fake_fs_mm.h"
#include "tests/host/fake_sched.h"
#include "tests/host/memory_fs.h"
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/signal.h"
#include "uapi/termios.h"
#include "uapi/uio.h"
#include <string.h>

#define CWD ((uint64_t)AT_FDCWD)
#define U(pointer) ((uint64_t)(uintptr_t)(pointer))

static struct sequence sequence = {1};
static struct file_table *files;
static struct fs_context *context;
static int signals;

static unsigned random_below(unsigned below)
{
    return (unsigned)(sequence_next(&sequence) % below);
}

// In another order each time.
static void run_tasks(void)
{
    fake_shuffle(sequence_next(&sequence) | 1);
    fake_tasks_finish();
    fake_shuffle(0);
}

struct file_table *current_files(void)
{
    return files;
}

struct fs_context *current_fs(void)
{
    return context;
}

// The rest of mm/audit.c is not here.
void audit_found(struct audit *audit, struct frame *frame)
{
    (void)audit, (void)frame;
}

void current_kill_with(int signal)
{
    CHECK(signal == SIGPIPE);
    signals++;
}

int ext2_mount(struct block_device *device, struct super_block **super)
{
    (void)device, (void)super;
    abort();
}

struct block_device *block_device_find(const char *name)
{
    (void)name;
    return NULL;
}

bool boot_argument(const char *name, char *value, size_t value_bytes)
{
    (void)name, (void)value, (void)value_bytes;
    return false;
}

static char screen[8192];
static void (*type)(char byte);

static void show(const char *bytes, size_t count)
{
    size_t length = strlen(screen);
    CHECK(length + count < sizeof(screen));
    memcpy(screen + length, bytes, count);
    screen[length + count] = '\0';
}

static void set_receiver(void (*receive)(char byte))
{
    type = receive;
}

static struct character_device console = {.name = "console", .write = show, .set_receiver = set_receiver};
struct character_device *console_device = &console;

// --- short forms --------------------------------------------------------------------------------------------

static int64_t open_mode(const char *name, uint64_t flags)
{
    return sys_openat(CWD, U(name), flags, 0666);
}

static int64_t mkdir(const char *name)
{
    return sys_mkdirat(CWD, U(name), 0777);
}

static int64_t unlink(const char *name)
{
    return sys_unlinkat(CWD, U(name), 0);
}

static int64_t rmdir(const char *name)
{
    return sys_unlinkat(CWD, U(name), AT_REMOVEDIR);
}

static int64_t move(const char *from, const char *to)
{
    return sys_renameat2(CWD, U(from), CWD, U(to), 0);
}

static int64_t symlink(const char *target, const char *name)
{
    return sys_symlinkat(U(target), CWD, U(name));
}

static int64_t link(const char *from, const char *to)
{
    return sys_linkat(CWD, U(from), CWD, U(to), 0);
}

static int64_t stat_of(const char *name, struct stat *stat)
{
    return sys_newfstatat(CWD, U(name), U(stat), 0);
}

static int64_t exists(const char *name)
{
    struct stat stat;
    return sys_newfstatat(CWD, U(name), U(&stat), AT_SYMLINK_NOFOLLOW);
}

static void touch(const char *name)
{
    int64_t fd = open_mode(name, O_CREAT | O_EXCL | O_WRONLY);
    CHECK(fd >= 0 && sys_close((uint64_t)fd) == 0);
}

static void put(const char *name, const char *text)
{
    int64_t fd = open_mode(name, O_CREAT | O_TRUNC | O_WRONLY);
    CHECK(fd >= 0);
    CHECK(sys_write((uint64_t)fd, U(text), strlen(text)) == (int64_t)strlen(text));
    CHECK(sys_close((uint64_t)fd) == 0);
}

static const char *contents(const char *name)
{
    static char text[256];
    int64_t fd = open_mode(name, O_RDONLY);
    CHECK(fd >= 0);
    int64_t bytes = sys_read((uint64_t)fd, U(text), sizeof(text) - 1);
    CHECK(bytes >= 0 && sys_close((uint64_t)fd) == 0);
    text[bytes] = '\0';
    return text;
}

static void append(char *names, const char *name)
{
    snprintf(names + strlen(names), 256, "%s ", name);
}

static void forget_all(void)
{
    CHECK(vfs_sync() == 0);
    vfs_shrink();
    vfs_shrink(); // inodes that the dentries of the first round held
}

// --- names --------------------------------------------------------------------------------------------------

static void test_walk(void)
{
    char long_name[NAME_MAX + 2], long_path[PATH_MAX + 1];
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[NAME_MAX + 1] = '\0';
    memset(long_path, '/', PATH_MAX);
    long_path[PATH_MAX] = '\0';
    CHECK(mkdir("/a") == 0 && mkdir("/a/b") == 0 && mkdir("/a/b/c/") == 0);
    put("/a/file", "hello");
    CHECK(strcmp(contents("/a/b/../b/./c/../../file"), "hello") == 0);
    CHECK(strcmp(contents("//a///file"), "hello") == 0);
    CHECK(strcmp(contents("/../../a/file"), "hello") == 0);
    CHECK(exists("") == -ENOENT && exists("/") == 0 && exists(".") == 0);
    CHECK(exists("/a/none") == -ENOENT && exists("/none/x") == -ENOENT);
    CHECK(exists("/a/file/") == -ENOTDIR && exists("/a/file/.") == -ENOTDIR && exists("/a/file/x") == -ENOTDIR);
    CHECK(exists("/a/file/..") == -ENOTDIR && exists("/a/b/") == 0);
    CHECK(exists(long_name) == -ENAMETOOLONG && exists(long_path) == -ENAMETOOLONG);
    long_name[NAME_MAX] = '\0';
    CHECK(exists(long_name) == -ENOENT);
    touch(long_name);
    CHECK(exists(long_name) == 0 && unlink(long_name) == 0);
    CHECK(sys_newfstatat(CWD, FAKE_BAD_ADDRESS, U(long_path), 0) == -EFAULT);
    CHECK(open_mode("/a/file", O_RDONLY | O_DIRECTORY) == -ENOTDIR);
    CHECK(open_mode("/a/b", O_WRONLY) == -EISDIR && open_mode("/a/b", O_CREAT) == -EISDIR);
    CHECK(open_mode("/a/new/", O_CREAT | O_WRONLY) == -EISDIR);
    CHECK(open_mode("/", O_CREAT) == -EISDIR && open_mode("/a/..", O_CREAT | O_EXCL) == -EEXIST);
    CHECK(open_mode("/a/file", O_CREAT | O_EXCL) == -EEXIST);
    CHECK(mkdir("/a") == -EEXIST && mkdir("/") == -EEXIST && mkdir("/a/file/x") == -ENOTDIR);
}

static void test_links(void)
{
    char target[16], chain[8];
    CHECK(symlink("file", "/a/to_file") == 0 && symlink("/a", "/to_a") == 0 && symlink("b/../file", "/a/dots") == 0);
    CHECK(strcmp(contents("/a/to_file"), "hello") == 0 && strcmp(contents("/to_a/dots"), "hello") == 0);
    CHECK(exists("/to_a/") == 0 && exists("/a/to_file/") == -ENOTDIR);
    CHECK(open_mode("/to_a", O_RDONLY | O_NOFOLLOW) == -ELOOP);
    CHECK(open_mode("/a/to_file", O_CREAT | O_EXCL | O_WRONLY) == -EEXIST);
    CHECK(sys_readlinkat(CWD, U("/a/to_file"), U(target), sizeof(target)) == 4 && !memcmp(target, "file", 4));
    CHECK(sys_readlinkat(CWD, U("/a/to_file"), U(target), 2) == 2);
    CHECK(sys_readlinkat(CWD, U("/a/file"), U(target), 2) == -EINVAL);
    CHECK(symlink("loop", "/loop") == 0 && exists("/loop/x") == -ELOOP && open_mode("/loop", O_CREAT) == -ELOOP);
    CHECK(symlink("", "/empty") == -ENOENT && symlink("x", "/slash/") == -ENOENT);
    // A dangling link is created through, but not by mkdir or O_EXCL.
    CHECK(symlink("a/through", "/dangling") == 0 && open_mode("/dangling", O_RDONLY) == -ENOENT);
    CHECK(mkdir("/dangling") == -EEXIST);
    put("/dangling", "made");
    CHECK(strcmp(contents("/a/through"), "made") == 0);
    CHECK(unlink("/dangling") == 0 && unlink("/a/through") == 0);
    // 40 links are followed, 41 are not.
    put("/l0", "end");
    for (int i = 1; i <= 41; i++) {
        snprintf(chain, sizeof(chain), "/l%d", i);
        snprintf(target, sizeof(target), "l%d", i - 1);
        CHECK(symlink(target, chain) == 0);
    }
    CHECK(strcmp(contents("/l40"), "end") == 0 && open_mode("/l41", O_RDONLY) == -ELOOP);
    for (int i = 0; i <= 41; i++) {
        snprintf(chain, sizeof(chain), "/l%d", i);
        CHECK(unlink(chain) == 0);
    }
    CHECK(unlink("/loop") == 0 && unlink("/to_a") == 0 && unlink("/a/dots") == 0 && unlink("/a/to_file") == 0);
    struct stat stat;
    CHECK(link("/a/file", "/hard") == 0 && stat_of("/hard", &stat) == 0 && stat.st_nlink == 2);
    CHECK(link("/a", "/hard2") == -EPERM && link("/a/file", "/hard") == -EEXIST && link("/none", "/h") == -ENOENT);
    CHECK(unlink("/a/file") == 0 && strcmp(contents("/hard"), "hello") == 0 && link("/hard", "/a/file") == 0);
    CHECK(unlink("/hard") == 0);
}

static void test_remove(void)
{
    CHECK(unlink("/a") == -EISDIR && unlink("/a/file/") == -ENOTDIR && rmdir("/a/file") == -ENOTDIR);
    CHECK(rmdir("/a") == -ENOTEMPTY && rmdir("/a/.") == -EINVAL && unlink("/a/.") == -EISDIR);
    CHECK(unlink("/none") == -ENOENT && rmdir("/proc") == -EBUSY);
    // What is open lives on without a name.
    unsigned nodes = memory_nodes_in_use, blocks = memory_blocks_in_use;
    put("/gone", "still here");
    int64_t fd = open_mode("/gone", O_RDONLY);
    char text[16];
    CHECK(unlink("/gone") == 0 && exists("/gone") == -ENOENT);
    forget_all();
    CHECK(sys_read((uint64_t)fd, U(text), 16) == 10 && memory_nodes_in_use == nodes + 1);
    CHECK(sys_close((uint64_t)fd) == 0 && memory_nodes_in_use == nodes && memory_blocks_in_use == blocks);
    // A removed directory is a dead end, and goes with the last who stands in it; what is known of names
    // below it does not keep it.
    CHECK(mkdir("/dead") == 0 && exists("/dead/x") == -ENOENT && sys_chdir(U("/dead")) == 0);
    CHECK(rmdir("/dead") == 0 && open_mode("x", O_CREAT | O_WRONLY) == -ENOENT && mkdir("y") == -ENOENT);
    char cwd[32];
    CHECK(exists("x") == -ENOENT && sys_getcwd(U(cwd), sizeof(cwd)) == -ENOENT && exists("..") == 0);
    CHECK(memory_nodes_in_use == nodes + 1 && sys_chdir(U("/")) == 0 && memory_nodes_in_use == nodes);
}

static void test_rename(void)
{
    char cwd[32];
    struct stat before, after;
    put("/one", "1");
    put("/two", "2");
    CHECK(move("/one", "/two") == 0 && strcmp(contents("/two"), "1") == 0 && exists("/one") == -ENOENT);
    CHECK(move("/two", "/two") == 0 && move("/none", "/x") == -ENOENT && move("/two/", "/x") == -ENOTDIR);
    CHECK(sys_renameat2(CWD, U("/two"), CWD, U("/a/file"), RENAME_NOREPLACE) == -EEXIST);
    CHECK(move("/a", "/a/b/inside") == -EINVAL && move("/a/b/c", "/a") == -ENOTEMPTY);
    CHECK(move("/a", "/two") == -ENOTDIR && move("/two", "/a") == -EISDIR);
    CHECK(move("/a/.", "/x") == -EBUSY && move("/two", "/proc/x") == -EXDEV);
    // Whoever stands in a directory that moves, moves along.
    CHECK(mkdir("/other") == 0 && sys_chdir(U("/a/b/c")) == 0 && stat_of("/a/b", &before) == 0);
    CHECK(exists("/other/moved/c") == -ENOENT && move("/a/b", "/other/moved") == 0);
    CHECK(sys_getcwd(U(cwd), sizeof(cwd)) == 15 && strcmp(cwd, "/other/moved/c") == 0);
    CHECK(sys_getcwd(U(cwd), 14) == -ERANGE && stat_of("..", &after) == 0 && before.st_ino == after.st_ino);
    CHECK(stat_of("../..", &after) == 0 && stat_of("/other", &before) == 0 && before.st_ino == after.st_ino);
    CHECK(exists("/a/b") == -ENOENT && move("/other/moved", "/a/b") == 0 && sys_chdir(U("/")) == 0);
    // An empty directory is replaced, one in use is not.
    CHECK(mkdir("/empty") == 0 && move("/a", "/other/../empty/") == 0 && exists("/empty/file") == 0);
    CHECK(move("/other", "/empty") == -ENOTEMPTY && move("/empty", "/a") == 0);
    CHECK(rmdir("/other") == 0 && unlink("/two") == 0);
}

static void test_directories(void)
{
    char buffer[512], names[512] = "";
    CHECK(mkdir("/list") == 0);
    touch("/list/x");
    touch("/list/longer name");
    int64_t fd = open_mode("/list", O_RDONLY);
    CHECK(fd >= 0 && sys_read((uint64_t)fd, U(buffer), 10) == -EISDIR);
    CHECK(sys_getdents64((uint64_t)fd, U(buffer), 20) == -EINVAL);
    for (int64_t bytes; (bytes = sys_getdents64((uint64_t)fd, U(buffer), 40)) != 0;) { // one at a time
        CHECK(bytes > 0 && bytes % 8 == 0);
        for (int64_t at = 0; at < bytes; at += ((struct linux_dirent64 *)(buffer + at))->d_reclen)
            append(names, ((struct linux_dirent64 *)(buffer + at))->d_name);
    }
    CHECK(strcmp(names, "x longer name ") == 0);
    CHECK(sys_getdents64((uint64_t)fd, FAKE_BAD_ADDRESS, 512) == 0 && sys_lseek((uint64_t)fd, 0, SEEK_SET) == 0);
    CHECK(sys_getdents64((uint64_t)fd, FAKE_BAD_ADDRESS, 512) == -EFAULT);
    CHECK(sys_getdents64((uint64_t)fd, U(buffer), 512) == 24 + 32);
    CHECK(sys_openat((uint64_t)fd, U("x"), O_RDONLY, 0) > fd && sys_close((uint64_t)fd + 1) == 0);
    CHECK(sys_fchdir((uint64_t)fd) == 0 && exists("x") == 0 && sys_chdir(U("/")) == 0);
    CHECK(sys_close((uint64_t)fd) == 0 && unlink("/list/x") == 0 && unlink("/list/longer name") == 0);
    CHECK(rmdir("/list") == 0);
}

// --- descriptors ----------------------------------------------------------------------------------------------

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

// --- pipes ----------------------------------------------------------------------------------------------------

static int ends[2];
static uint8_t sent[200000];
static size_t received;
static uint64_t checksum_in, checksum_out;

static void pipe_writer(void *argument)
{
    size_t done = 0, total = *(size_t *)argument;
    while (done < total) {
        size_t bytes = 1 + random_below(random_below(2) ? 9000 : 100);
        bytes = bytes < total - done ? bytes : total - done;
        int64_t wrote = sys_write((uint64_t)ends[1], U(sent + done), bytes);
        CHECK(wrote > 0 && (wrote == (int64_t)bytes));
        for (int64_t i = 0; i < wrote; i++)
            checksum_in += sent[done + (size_t)i];
        done += (size_t)wrote;
    }
}

static void pipe_reader(void *argument)
{
    uint8_t buffer[10000];
    (void)argument;
    while (received < 2 * sizeof(sent)) {
        size_t left = 2 * sizeof(sent) - received, bytes = 1 + random_below(sizeof(buffer));
        int64_t got = sys_read((uint64_t)ends[0], U(buffer), bytes < left ? bytes : left);
        CHECK(got > 0);
        for (int64_t i = 0; i < got; i++)
            checksum_out += buffer[i];
        received += (size_t)got;
    }
}

// 16 bytes that tell their writer: short writes must come out whole.
static void record_writer(void *argument)
{
    char record[16];
    memset(record, *(char *)argument, sizeof(record));
    for (int i = 0; i < 3000; i++)
        CHECK(sys_write((uint64_t)ends[1], U(record), sizeof(record)) == sizeof(record));
}

static void record_reader(void *argument)
{
    char record[16];
    (void)argument;
    for (int i = 0; i < 6000; i++) {
        CHECK(sys_read((uint64_t)ends[0], U(record), sizeof(record)) == sizeof(record));
        for (int j = 1; j < 16; j++)
            CHECK(record[j] == record[0]);
    }
}

static void test_pipe(void)
{
    char buffer[8];
    size_t frames = fake_frames_in_use, total = sizeof(sent);
    CHECK(sys_pipe2(U(ends), O_NONBLOCK) == 0 && ends[0] == 0 && ends[1] == 1);
    CHECK(sys_pipe2(FAKE_BAD_ADDRESS, 0) == -EFAULT && sys_dup(0) == 2 && sys_close(2) == 0);
    CHECK(sys_pipe2(U(buffer), O_APPEND) == -EINVAL);
    CHECK(sys_read(0, U(buffer), 8) == -EAGAIN && sys_write(0, U(buffer), 1) == -EBADF && sys_read(1, 0, 1) == -EBADF);
    CHECK(sys_write(1, FAKE_BAD_ADDRESS, 8) == -EFAULT && fake_frames_in_use == frames);
    CHECK(sys_write(1, U("hello"), 5) == 5 && sys_read(0, FAKE_BAD_ADDRESS, 8) == -EFAULT);
    CHECK(sys_read(0, U(buffer), 8) == 5 && !memcmp(buffer, "hello", 5) && fake_frames_in_use == frames);
    CHECK(sys_lseek(0, 0, SEEK_SET) == -ESPIPE && sys_pread64(0, U(buffer), 1, 0) == -ESPIPE);
    CHECK(sys_write(1, U(sent), sizeof(sent)) == 65536 - 5 && sys_write(1, U(sent), 1) == -EAGAIN);
    CHECK(sys_read(0, U(model), 4096) == 4096 && sys_write(1, U(sent), 4096) == 4096);
    CHECK(sys_read(0, U(window), 4096 - 6) == 4096 - 6 && sys_write(1, U(sent), 4096) == -EAGAIN);
    CHECK(sys_close(0) == 0 && sys_write(1, U(sent), 1) == -EPIPE && signals == 1);
    CHECK(sys_close(1) == 0 && fake_frames_in_use == frames);
    CHECK(sys_pipe2(U(ends), O_CLOEXEC) == 0 && sys_fcntl(0, F_GETFD, 0) == FD_CLOEXEC);
    CHECK(sys_write(1, U("x"), 1) == 1 && sys_close(1) == 0);
    CHECK(sys_read(0, U(buffer), 8) == 1 && sys_read(0, U(buffer), 8) == 0 && sys_close(0) == 0);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)random_below(256);
    for (int round = 0; round < 20; round++) {
        CHECK(sys_pipe2(U(ends), 0) == 0);
        received = checksum_in = checksum_out = 0;
        fake_task_start(pipe_writer, &total);
        fake_task_start(pipe_writer, &total);
        fake_task_start(pipe_reader, NULL);
        run_tasks();
        CHECK(checksum_in == checksum_out && fake_frames_in_use == frames);
        fake_task_start(record_writer, "A");
        fake_task_start(record_writer, "B");
        fake_task_start(record_reader, NULL);
        run_tasks();
        CHECK(sys_close(0) == 0 && sys_close(1) == 0 && fake_frames_in_use == frames);
    }
}

static int64_t blocked_result;

static void blocked_reader(void *argument)
{
    (void)argument;
    char c;
    blocked_result = sys_read((uint64_t)ends[0], U(&c), 1);
}

static void blocked_writer(void *argument)
{
    (void)argument;
    blocked_result = sys_write((uint64_t)ends[1], U(sent), sizeof(sent));
}

static void closer(void *argument)
{
    CHECK(sys_close(*(uint64_t *)argument) == 0);
}

static void test_pipe_ends(void)
{
    uint64_t reader = 0, writer = 1;
    for (int round = 0; round < 20; round++) {
        CHECK(sys_pipe2(U(ends), 0) == 0);
        blocked_result = -1;
        fake_task_start(blocked_reader, NULL);
        fake_task_start(closer, &writer);
        run_tasks();
        CHECK(blocked_result == 0 && sys_close(reader) == 0 && sys_pipe2(U(ends), 0) == 0);
        fake_task_kill(fake_task_start(blocked_writer, NULL));
        run_tasks();
        CHECK(blocked_result == 65536);
        fake_task_kill(fake_task_start(blocked_writer, NULL));
        run_tasks();
        CHECK(blocked_result == -EINTR);
        signals = 0;
        fake_task_start(blocked_writer, NULL);
        fake_task_start(closer, &reader);
        run_tasks();
        CHECK((blocked_result == -EPIPE || blocked_result == -EBADF) && signals == 1 && sys_close(writer) == 0);
    }
}

// --- poll -----------------------------------------------------------------------------------------------------

static void poller(void *argument)
{
    struct pollfd fds[3] = {{.fd = ends[0], .events = POLLIN}, {.fd = -1}, {.fd = ends[0], .events = POLLOUT}};
    char c;
    for (int i = 0; i < *(int *)argument; i++) {
        CHECK(sys_ppoll(U(fds), 3, 0, 0, 0) == 1 && fds[0].revents == POLLIN && fds[1].revents == 0);
        CHECK(sys_read((uint64_t)ends[0], U(&c), 1) == 1);
    }
}

static void feeder(void *argument)
{
    for (int i = 0; i < *(int *)argument; i++) {
        fake_yield();
        CHECK(sys_write((uint64_t)ends[1], U("x"), 1) == 1);
    }
}

static void sleeper(void *argument)
{
    struct timespec time = {.tv_sec = 2};
    uint64_t before = fake_clock_ns;
    (void)argument;
    CHECK(sys_ppoll(0x1000, 0, U(&time), 0, 0) == 0 && fake_clock_ns - before == 2000000000);
}

static void test_poll(void)
{
    int count = 500;
    struct timespec zero = {0}, bad = {.tv_nsec = 1000000000};
    struct pollfd fds[2] = {{.fd = 77, .events = POLLIN}, {.fd = 1, .events = POLLIN | POLLOUT}};
    CHECK(sys_pipe2(U(ends), 0) == 0);
    CHECK(sys_ppoll(U(fds), 2, U(&zero), 0, 0) == 2 && fds[0].revents == POLLNVAL && fds[1].revents == POLLOUT);
    CHECK(sys_ppoll(U(fds), 2, U(&bad), 0, 0) == -EINVAL && sys_ppoll(U(fds), 5000, 0, 0, 0) == -EINVAL);
    fds[0].fd = 0;
    CHECK(sys_ppoll(U(fds), 1, U(&zero), 0, 0) == 0 && sys_ppoll(FAKE_BAD_ADDRESS, 1, 0, 0, 0) == -EFAULT);
    fake_task_start(poller, &count);
    fake_task_start(feeder, &count);
    run_tasks();
    fake_task_start(sleeper, NULL);
    run_tasks();
    CHECK(sys_close(1) == 0 && sys_ppoll(U(fds), 1, 0, 0, 0) == 1 && fds[0].revents == POLLHUP && sys_close(0) == 0);
}

// --- /dev, /proc ------------------------------------------------------------------------------------------------

static int show_long(struct text *text, uint64_t argument)
{
    (void)argument;
    for (int i = 0; i < 3000; i++)
        text_append(text, "line %d\n", i);
    return 0;
}

static int pids[] = {1, 2, 7, 8, 300};

static int next_pid(int after)
{
    for (size_t i = 0; i < 5; i++)
        if (pids[i] > after)
            return pids[i];
    return 0;
}

static bool pid_exists(int pid)
{
    for (size_t i = 0; i < 5; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

static int self_pid(void)
{
    return 7;
}

static int show_pid(int pid, unsigned name, struct text *text)
{
    text_append(text, "%d %u", pid, name);
    return pid_exists(pid) ? 0 : -ESRCH;
}

static void test_pseudo(void)
{
    char buffer[4096], names[200] = "";
    int64_t fd = open_mode("/proc/long", O_RDONLY), total = 0;
    for (int64_t bytes; (bytes = sys_read((uint64_t)fd, U(buffer), 1000)) != 0; total += bytes)
        CHECK(bytes > 0);
    CHECK(total == 10 * 7 + 90 * 8 + 900 * 9 + 2000 * 10 && sys_lseek((uint64_t)fd, 5, SEEK_SET) == 5);
    CHECK(sys_read((uint64_t)fd, U(buffer), 2) == 2 && !memcmp(buffer, "0\n", 2));
    CHECK(sys_write((uint64_t)fd, U("x"), 1) == -EBADF && sys_close((uint64_t)fd) == 0);
    CHECK(strcmp(contents("/proc/8/stat"), "8 0") == 0 && strcmp(contents("/proc/self/maps"), "7 1") == 0);
    CHECK(exists("/proc/9") == -ENOENT && exists("/proc/08") == -ENOENT && exists("/proc/8x") == -ENOENT);
    CHECK(exists("/proc/99999999999999999999") == -ENOENT && exists("/proc/8/none") == -ENOENT);
    CHECK(sys_readlinkat(CWD, U("/proc/self"), U(buffer), 10) == 1 && buffer[0] == '7');
    CHECK(mkdir("/proc/x") == -EPERM && open_mode("/proc/x", O_CREAT) == -EACCES && unlink("/proc/long") == -EPERM);
    fd = open_mode("/proc", O_RDONLY);
    for (int64_t bytes; (bytes = sys_getdents64((uint64_t)fd, U(buffer), 32)) != 0;) {
        CHECK(bytes > 0);
        for (int64_t at = 0; at < bytes; at += ((struct linux_dirent64 *)(buffer + at))->d_reclen)
            append(names, ((struct linux_dirent64 *)(buffer + at))->d_name);
    }
    CHECK(strcmp(names, ". .. long self 1 2 7 8 300 ") == 0);
    CHECK(sys_lseek((uint64_t)fd, INT64_MAX, SEEK_SET) == INT64_MAX);
    CHECK(sys_getdents64((uint64_t)fd, U(buffer), 4096) == 0 && sys_close((uint64_t)fd) == 0);
    fd = open_mode("/proc/8", O_RDONLY);
    CHECK(sys_getdents64((uint64_t)fd, U(buffer), 4096) == 24 + 24 + 24 + 24);
    CHECK(sys_lseek((uint64_t)fd, 1 << 20, SEEK_SET) >= 0 && sys_getdents64((uint64_t)fd, U(buffer), 4096) == 0);
    pids[3] = 9; // 8 has ended
    CHECK(sys_openat((uint64_t)fd, U("stat"), O_RDONLY, 0) == -ESRCH && sys_close((uint64_t)fd) == 0);
    CHECK(exists("/proc/8") == -ENOENT && exists("/proc/9") == 0);
    CHECK((fd = open_mode("/dev/zero", O_RDWR)) >= 0 && sys_read((uint64_t)fd, U(sent), 100) == 100 && sent[99] == 0);
    CHECK(sys_read((uint64_t)fd, FAKE_BAD_ADDRESS, 1) == -EFAULT && sys_close((uint64_t)fd) == 0);
    CHECK(sys_chdir(U("/proc/300")) == 0 && sys_getcwd(U(buffer), 100) == 10 && !strcmp(buffer, "/proc/300"));
    CHECK(exists("../../a") == 0 && exists("../long") == 0 && sys_chdir(U("/")) == 0);
}

// --- the terminal -----------------------------------------------------------------------------------------------

static int signalled, signalled_group;

static void signal_hook(int group, int number)
{
    signalled = number;
    signalled_group = group;
}

static void type_text(const char *text)
{
    while (*text)
        type(*text++);
}

// What one read gives, as text; the screen since the last time in `echoed`.
static const char *line(uint64_t fd, const char *echoed)
{
    static char text[256];
    CHECK(strcmp(screen, echoed) == 0);
    screen[0] = '\0';
    int64_t bytes = sys_read(fd, U(text), sizeof(text) - 1);
    if (bytes < 0)
        return bytes == -EAGAIN ? "EAGAIN" : "error";
    text[bytes] = '\0';
    return text;
}

static void typist(void *argument)
{
    fake_yield();
    type_text(argument);
}

static void line_reader(void *argument)
{
    char text[64];
    blocked_result = sys_read(*(uint64_t *)argument, U(text), sizeof(text));
}

static void test_tty(void)
{
    int64_t opened = open_mode("/dev/console", O_RDWR | O_NONBLOCK);
    uint64_t fd = (uint64_t)opened;
    CHECK(opened >= 0);
    type_text("he\x7fi");
    CHECK(strcmp(line(fd, "he\b \bi"), "EAGAIN") == 0);
    type_text("\r");
    CHECK(strcmp(line(fd, "\r\n"), "hi\n") == 0);
    type_text("junk\x15ok\nsecond\n");
    CHECK(strcmp(line(fd, "junk\b \b\b \b\b \b\b \bok\r\nsecond\r\n"), "ok\n") == 0);
    CHECK(strcmp(line(fd, ""), "second\n") == 0);
    type_text("abc\x04\x04");
    CHECK(strcmp(line(fd, "abc"), "abc") == 0 && strcmp(line(fd, ""), "") == 0 && !strcmp(line(fd, ""), "EAGAIN"));
    int group = 42;
    CHECK(sys_ioctl(fd, TIOCSPGRP, U(&group)) == 0);
    type_text("lost\x03\x01\x7f");
    CHECK(strcmp(line(fd, "lost^C^A\b \b\b \b"), "EAGAIN") == 0 && signalled == SIGINT && signalled_group == 42);
    for (int i = 0; i < 5000; i++)
        type('x');
    screen[0] = '\0';
    type('\n');
    for (int i = 0; i < 16; i++)
        CHECK(strlen(line(fd, i ? "" : "\r\n")) == 255);
    CHECK(strcmp(line(fd, "") + 14, "x\n") == 0 && !strcmp(line(fd, ""), "EAGAIN"));
    CHECK(sys_write(fd, U("a\nb"), 3) == 3 && strcmp(line(fd, "a\r\nb"), "EAGAIN") == 0);
    struct termios settings;
    CHECK(sys_ioctl(fd, TCGETS, U(&settings)) == 0 && sys_ioctl(fd, TCGETS, FAKE_BAD_ADDRESS) == -EFAULT);
    struct termios raw = settings;
    raw.c_lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
    raw.c_oflag = 0;
    type_text("par");
    CHECK(sys_ioctl(fd, TCSETSW, U(&raw)) == 0);
    type_text("t\x03\x7f");
    CHECK(strcmp(line(fd, "par"), "part\x03\x7f") == 0 && sys_write(fd, U("\n"), 1) == 1);
    CHECK(strcmp(line(fd, "\n"), "EAGAIN") == 0 && sys_fcntl(fd, F_SETFL, 0) == 0);
    raw.c_cc[VMIN] = 0;
    CHECK(sys_ioctl(fd, TCSETSF, U(&raw)) == 0 && strcmp(line(fd, ""), "") == 0);
    CHECK(sys_ioctl(fd, TCSETS, U(&settings)) == 0 && sys_ioctl(fd, 0x9999, 0) == -ENOTTY);
    for (int round = 0; round < 20; round++) {
        fake_task_start(line_reader, &fd);
        fake_task_start(typist, "word\n");
        run_tasks();
        CHECK(blocked_result == 5);
        fake_task_kill(fake_task_start(line_reader, &fd));
        run_tasks();
        CHECK(blocked_result == -EINTR);
    }
    CHECK(sys_close(fd) == 0);
}

// --- many at once -------------------------------------------------------------------------------------------------

static unsigned steps;

// Random changes of a small tree; afterwards nothing may be lost, locked or leaked.
static void worker(void *argument)
{
    static const char *const names[] = {"/w/a", "/w/b", "/w/d", "/w/d/a", "/w/d/b", "/w/d/e", "/w/d/e/a", "/w/f/b",
                                        "/w/f", "/w/f/d", "/w/d/e/f"};
    char buffer[600];
    for (unsigned i = 0; i < *(unsigned *)argument; i++, steps++) {
        const char *name = names[random_below(11)], *other = names[random_below(11)];
        int64_t fd;
        switch (random_below(10)) {
        case 0: case 1:
            mkdir(name);
            break;
        case 2:
            rmdir(name);
            break;
        case 3:
            unlink(name);
            break;
        case 4: case 5:
            CHECK(move(name, other) != -EBUSY);
            break;
        case 6:
            link(name, other);
            break;
        case 7:
            if (random_below(4) == 0)
                vfs_sync();
            else
                vfs_shrink();
            break;
        case 8:
            fd = open_mode(name, O_RDONLY | O_DIRECTORY);
            if (fd >= 0) {
                CHECK(sys_getdents64((uint64_t)fd, U(buffer), sizeof(buffer)) != -EINVAL);
                CHECK(sys_close((uint64_t)fd) == 0);
            }
            break;
        default:
            fd = open_mode(name, O_CREAT | O_RDWR | (random_below(2) ? O_APPEND : 0));
            if (fd >= 0) {
                CHECK(sys_write((uint64_t)fd, U(sent), random_below(5000)) >= 0);
                CHECK(sys_pread64((uint64_t)fd, U(buffer), sizeof(buffer), random_below(9000)) >= 0);
                CHECK(sys_close((uint64_t)fd) == 0);
            }
        }
        fake_yield();
    }
}

static void remove_tree(const char *name)
{
    char buffer[2048], path[300];
    int64_t fd = open_mode(name, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        CHECK(unlink(name) == 0);
        return;
    }
    int64_t bytes = sys_getdents64((uint64_t)fd, U(buffer), sizeof(buffer));
    CHECK(bytes >= 0 && sys_close((uint64_t)fd) == 0);
    for (int64_t at = 0; at < bytes; at += ((struct linux_dirent64 *)(buffer + at))->d_reclen) {
        snprintf(path, sizeof(path), "%s/%s", name, ((struct linux_dirent64 *)(buffer + at))->d_name);
        remove_tree(path);
    }
    CHECK(rmdir(name) == 0);
}

static void test_many(void)
{
    unsigned rounds = 400;
    for (int round = 0; round < 20; round++) {
        forget_all();
        unsigned nodes = memory_nodes_in_use, blocks = memory_blocks_in_use;
        size_t objects = fake_objects_in_use, frames = fake_frames_in_use;
        CHECK(mkdir("/w") == 0);
        for (int i = 0; i < 6; i++)
            fake_task_start(worker, &rounds);
        run_tasks();
        remove_tree("/w");
        forget_all();
        CHECK(memory_nodes_in_use == nodes && memory_blocks_in_use == blocks);
        CHECK(fake_objects_in_use == objects && fake_frames_in_use == frames);
    }
    CHECK(steps == 20 * 6 * rounds);
}

static void *new_radix_node(void)
{
    return calloc(1, radix_node_bytes);
}

int main(void)
{
    static const char *const names[] = {"stat", "maps", NULL};
    static const struct proc_tasks tasks = {next_pid, pid_exists, self_pid, names, show_pid};
    radix_set_allocator(new_radix_node, free);
    fake_clock_ns = 1; // 0 is not a deadline
    memory_fs_format();
    CHECK(mount_root(&memory_super) == 0);
    files = file_table_create();
    context = fs_context_create();
    CHECK(mkdir("/dev") == 0 && mkdir("/proc") == 0);
    tty_init();
    tty_set_signal_hook(signal_hook);
    pseudo_mount();
    proc_register("long", show_long);
    proc_register_tasks(&tasks);
    TEST(test_walk);
    TEST(test_links);
    TEST(test_remove);
    TEST(test_rename);
    TEST(test_directories);
    TEST(test_file_table);
    TEST(test_bytes);
    TEST(test_io_errors);
    TEST(test_attributes);
    TEST(test_no_memory);
    TEST(test_pipe);
    TEST(test_pipe_ends);
    TEST(test_poll);
    TEST(test_pseudo);
    TEST(test_tty);
    TEST(test_many);
    file_table_put(files);
    fs_context_put(context);
    return 0;
}
