// SPDX-License-Identifier: MIT
//
// Names: the walk, links, removing, renaming, listing; then many tasks at once on a small tree.

#include "fs/context.h"
#include "fs/pseudo.h"
#include "lib/syscalls.h"
#include "tests/host/check.h"
#include "tests/host/vfs_world.h"
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include <string.h>

static void test_walk(void)
{
    char long_name[NAME_MAX + 2], long_path[PATH_MAX + 1];
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[NAME_MAX + 1] = '\0';
    memset(long_path, '/', PATH_MAX);
    long_path[PATH_MAX] = '\0';
    CHECK(mkdir("/a/b") == 0 && mkdir("/a/b/c/") == 0);
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
    CHECK(unlink("/none") == -ENOENT && rmdir("/proc") == -EBUSY && rmdir("/") == -EBUSY);
    CHECK(unlink("/a/") == -EISDIR && unlink("/a/..") == -EISDIR && rmdir("/a/b/..") == -ENOTEMPTY);
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

static unsigned steps;
static char zeros[5000];

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
                dentries_shrink(0, NULL);
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
                CHECK(sys_write((uint64_t)fd, U(zeros), random_below(5000)) >= 0);
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

// --- a removed directory and who looks into it ----------------------------------------------------------------

static bool removing;

static void look_into(void *)
{
    while (removing) {
        CHECK(exists("/dead/none") == -ENOENT);
        fake_yield();
    }
}

static void remove_and_replace(void *)
{
    for (int i = 0; i < 20; i++) {
        CHECK(mkdir("/dead") == 0 && exists("/dead/none") == -ENOENT && mkdir("/heir") == 0);
        CHECK(move("/heir", "/dead") == 0 && exists("/dead/none") == -ENOENT && rmdir("/dead") == 0);
    }
    removing = false;
}

// What is known of a name in it, and in use by another hart at that moment, does not keep it from going.
static void test_removed_while_in_use(void)
{
    for (int round = 0; round < 50; round++) {
        unsigned nodes = memory_nodes_in_use;
        removing = true;
        fake_task_start(remove_and_replace, NULL);
        fake_task_start(look_into, NULL);
        fake_task_start(look_into, NULL);
        run_tasks();
        CHECK(memory_nodes_in_use == nodes);
    }
}

int main(void)
{
    vfs_world_boot();
    TEST(test_walk);
    TEST(test_links);
    TEST(test_remove);
    TEST(test_rename);
    TEST(test_directories);
    TEST(test_removed_while_in_use);
    TEST(test_many);
    vfs_world_end();
    return 0;
}
