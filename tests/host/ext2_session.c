// SPDX-License-Identifier: MIT
//
// See ext2_session.h.

#include "tests/host/ext2_session.h"

#include <sys/wait.h>
#include <unistd.h>

#include "mm/frame.h"
#include "mm/reclaim.h"

struct dentry;
// From fs/vfs.h, beside which no <sys/stat.h> can be.
size_t dentries_shrink(size_t keep, const struct dentry *parent);

static char image[64];

void disk_make(const char *commands, const char *damage)
{
    char command[2000];
    host_tree_create();
    sprintf(image, "/tmp/kine-session-%d.img", getpid());
    CHECK(strlen(commands) + strlen(damage) < sizeof(command) - 400);
    sprintf(command,
            "{ %s\n} && rm -f %s && mke2fs -q -t ext2 -O ^resize_inode,^dir_index,^ext_attr -b 1024 -N 128 "
            "-m 0 -d . %s 1M 2>/dev/null && cd / && rm -rf %s && { %s\n}",
            *commands ? commands : ":", image, image, host_tree_path(), *damage ? damage : ":");
    CHECK(setenv("IMAGE", image, 1) == 0 && host_shell(command) == 0 && chdir("/") == 0);
}

void disk_remove(void)
{
    CHECK(unlink(image) == 0);
}

void disk_session(void (*session)(void))
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        fs_machine_boot(image, 8, 1);
        CHECK(fs_machine_mount() == 0);
        session();
        fflush(stdout);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}

void disk_check_sound(void)
{
    CHECK(host_shell("said=$(e2fsck -fn $IMAGE 2>&1) || { echo \"$said\"; false; }") == 0);
}

bool disk_marked_clean(void)
{
    int status = host_shell("dumpe2fs -h $IMAGE 2>/dev/null | grep -q '^Filesystem state: *clean$'");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
    return status == 0;
}

int64_t open_mode(const char *name, uint64_t flags)
{
    return sys_openat(CWD, U(name), flags, 0644);
}

int64_t mkdir_at(const char *name)
{
    return sys_mkdirat(CWD, U(name), 0755);
}

int64_t move(const char *from, const char *to)
{
    return sys_renameat2(CWD, U(from), CWD, U(to), 0);
}

int64_t exists(const char *name)
{
    struct kine_stat stat;
    return sys_newfstatat(CWD, U(name), U(&stat), AT_SYMLINK_NOFOLLOW);
}

int64_t size_of(int64_t fd)
{
    struct kine_stat stat;
    CHECK(sys_fstat((uint64_t)fd, U(&stat)) == 0);
    return stat.st_size;
}

int64_t put(int64_t fd, char letter, size_t bytes, uint64_t at)
{
    static char buffer[50000];
    CHECK(bytes <= sizeof(buffer));
    memset(buffer, letter, bytes);
    int64_t result = sys_pwrite64((uint64_t)fd, U(buffer), bytes, at);
    CHECK(result < 0 || result == (int64_t)bytes);
    return result;
}

bool reads(int64_t fd, char letter, size_t bytes, uint64_t at)
{
    static char buffer[50000];
    CHECK(bytes <= sizeof(buffer));
    bool same = sys_pread64((uint64_t)fd, U(buffer), bytes, at) == (int64_t)bytes;
    for (size_t i = 0; same && i < bytes; i++)
        same = buffer[i] == letter;
    return same;
}

void forget_names(void)
{
    dentries_shrink(0, NULL);
}

static struct frame *hoard[8192];
static unsigned hoarded;

void memory_take_all(void)
{
    struct frame *frame;
    while ((frame = frame_alloc_reclaim(FRAME_KERNEL, 0, 0))) {
        CHECK(hoarded < sizeof(hoard) / sizeof(*hoard));
        hoard[hoarded++] = frame;
    }
}

void memory_give_back(void)
{
    while (hoarded > 0)
        frame_put(hoard[--hoarded]);
}
