// SPDX-License-Identifier: MIT
//
// See vfs_world.h.

#include "tests/host/vfs_world.h"
#include "dev/block.h"
#include "dev/character.h"
#include "fs/ext2.h"
#include "fs/pseudo.h"
#include "lib/sequence.h"
#include "lib/syscalls.h"
#include "mm/audit.h"
#include "tests/host/check.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/signal.h"
#include <string.h>

static struct sequence sequence = {1};
struct file_table *files;
struct fs_context *context;
int signals;

unsigned random_below(unsigned below)
{
    return (unsigned)(sequence_next(&sequence) % below);
}

// In another order each time.
void run_tasks(void)
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
void audit_found(struct frame *frame)
{
    (void)frame;
}

int signalled, signalled_group;
bool signal_process_group(int process_group, int number)
{
    signalled = number;
    signalled_group = process_group;
    return true;
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

char screen[8192];
void (*type)(char byte);

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

int64_t open_mode(const char *name, uint64_t flags)
{
    return sys_openat(CWD, U(name), flags, 0666);
}

int64_t mkdir(const char *name)
{
    return sys_mkdirat(CWD, U(name), 0777);
}

int64_t unlink(const char *name)
{
    return sys_unlinkat(CWD, U(name), 0);
}

int64_t rmdir(const char *name)
{
    return sys_unlinkat(CWD, U(name), AT_REMOVEDIR);
}

int64_t move(const char *from, const char *to)
{
    return sys_renameat2(CWD, U(from), CWD, U(to), 0);
}

int64_t symlink(const char *target, const char *name)
{
    return sys_symlinkat(U(target), CWD, U(name));
}

int64_t link(const char *from, const char *to)
{
    return sys_linkat(CWD, U(from), CWD, U(to), 0);
}

int64_t stat_of(const char *name, struct stat *stat)
{
    return sys_newfstatat(CWD, U(name), U(stat), 0);
}

int64_t exists(const char *name)
{
    struct stat stat;
    return sys_newfstatat(CWD, U(name), U(&stat), AT_SYMLINK_NOFOLLOW);
}

void touch(const char *name)
{
    int64_t fd = open_mode(name, O_CREAT | O_EXCL | O_WRONLY);
    CHECK(fd >= 0 && sys_close((uint64_t)fd) == 0);
}

void put(const char *name, const char *text)
{
    int64_t fd = open_mode(name, O_CREAT | O_TRUNC | O_WRONLY);
    CHECK(fd >= 0);
    CHECK(sys_write((uint64_t)fd, U(text), strlen(text)) == (int64_t)strlen(text));
    CHECK(sys_close((uint64_t)fd) == 0);
}

const char *contents(const char *name)
{
    static char text[256];
    int64_t fd = open_mode(name, O_RDONLY);
    CHECK(fd >= 0);
    int64_t bytes = sys_read((uint64_t)fd, U(text), sizeof(text) - 1);
    CHECK(bytes >= 0 && sys_close((uint64_t)fd) == 0);
    text[bytes] = '\0';
    return text;
}

void append(char *names, const char *name)
{
    snprintf(names + strlen(names), 256, "%s ", name);
}

void forget_all(void)
{
    CHECK(vfs_sync() == 0);
    dentries_shrink(0, NULL);
}

static void *new_radix_node(size_t bytes)
{
    return calloc(1, bytes);
}

void vfs_world_boot(void)
{
    radix_set_allocator(new_radix_node, free);
    fake_clock_ns = 1; // 0 is not a deadline
    memory_fs_format();
    CHECK(mount_at(NULL, &memory_super) == 0);
    files = file_table_create();
    context = fs_context_create();
    CHECK(mkdir("/dev") == 0 && mkdir("/proc") == 0 && mkdir("/a") == 0);
    put("/a/file", "hello");
    tty_init();
    pseudo_mount();
}

void vfs_world_end(void)
{
    file_table_put(files);
    fs_context_put(context);
}
