// SPDX-License-Identifier: MIT
//
// What the super block says about the disk: "clean" when the disk is, and never while something is missing on
// it; the power can be cut at any moment, and then e2fsck looks no further at a disk that calls itself clean.
// And a disk that is full: what needs no block is not refused.

#include "tests/host/ext2_session.h"

// fsync of one file says nothing about the others, nor about a directory.
static void fsync_session(void)
{
    CHECK(disk_marked_clean());
    int64_t a = open_mode("a", O_RDWR | O_CREAT), b = open_mode("b", O_RDWR | O_CREAT);
    CHECK(mkdir_at("dir") == 0 && put(b, 'b', 30000, 0) > 0 && put(a, 'a', 10, 0) == 10);
    CHECK(sys_fsync((uint64_t)a) == 0);
}

static void quiet_session(void)
{
    int64_t a = open_mode("a", O_RDWR | O_CREAT), b = open_mode("b", O_RDWR | O_CREAT);
    CHECK(mkdir_at("dir") == 0 && put(b, 'b', 30000, 0) > 0 && put(a, 'a', 10, 0) == 10);
    CHECK(!disk_marked_clean());
    CHECK(sys_sync() == 0 && disk_marked_clean()); // open files do not matter
    CHECK(put(a, 'A', 10, 0) == 10 && sys_fsync((uint64_t)a) == 0 && sys_sync() == 0 && disk_marked_clean());
    CHECK(exists("a") == 0 && exists("none") == -ENOENT && disk_marked_clean());
}

static void fsync_of_one_file(void)
{
    disk_make("", "");
    disk_session(fsync_session);
    CHECK(!disk_marked_clean());
    disk_remove();
    disk_make("", "");
    disk_session(quiet_session);
    CHECK(disk_marked_clean());
    disk_check_sound();
    disk_remove();
}

// An inode without a name has to be freed before the disk is clean.
static void unlinked_session(void)
{
    int64_t fd = open_mode("held", O_RDWR | O_CREAT);
    CHECK(put(fd, 'h', 5000, 0) == 5000 && sys_unlinkat(CWD, U("held"), 0) == 0 && sys_sync() == 0);
}

static void unlinked_and_closed_session(void)
{
    int64_t fd = open_mode("held", O_RDWR | O_CREAT);
    CHECK(put(fd, 'h', 5000, 0) == 5000 && sys_unlinkat(CWD, U("held"), 0) == 0 && sys_sync() == 0);
    CHECK(!disk_marked_clean() && sys_close((uint64_t)fd) == 0 && sys_sync() == 0);
}

static void unlinked_file_is_held(void)
{
    disk_make("", "");
    disk_session(unlinked_session);
    CHECK(!disk_marked_clean());
    disk_remove();
    disk_make("", "");
    disk_session(unlinked_and_closed_session);
    CHECK(disk_marked_clean());
    disk_check_sound();
    disk_remove();
}

// --- full ------------------------------------------------------------------------------------------

// A file as large as it can be, then directories, of one block each, for what is left.
static void fill_session(void)
{
    char name[16];
    int64_t small = open_mode("small", O_RDWR | O_CREAT), big = open_mode("big", O_RDWR | O_CREAT), error = 0;
    CHECK(put(small, 's', 3000, 0) == 3000 && sys_sync() == 0); // three blocks of the four in its page
    for (uint64_t at = 0; put(big, 'b', 1024, at) == 1024;)
        at += 1024;
    CHECK(sys_sync() == 0);
    for (int i = 0; i < 20 && !error; i++) {
        sprintf(name, "dir%d", i);
        error = mkdir_at(name);
    }
    CHECK(error == -ENOSPC && sys_sync() == 0);
}

static void full_session(void)
{
    int64_t big = open_mode("big", O_RDWR), small = open_mode("small", O_RDWR), end = size_of(big);
    CHECK(put(big, 'b', 1024, (uint64_t)end) == -ENOSPC && size_of(big) == end &&
          mkdir_at("more") == -ENOSPC);
    CHECK(put(small, 'o', 10, 0) == 10 && reads(small, 'o', 10, 0) && reads(small, 's', 2990, 10));
    CHECK(put(small, 'e', 72, 3000) == 72 && size_of(small) == 3072 && reads(small, 'e', 72, 3000));
    CHECK(put(small, 'x', 1, 3072) == -ENOSPC && size_of(small) == 3072);
    CHECK(sys_ftruncate((uint64_t)small, 1500) == 0 && size_of(small) == 1500 && reads(small, 's', 1490, 10));
    CHECK(sys_sync() == 0);
}

static void full_disk_refuses_no_overwriting(void)
{
    disk_make("", "");
    disk_session(fill_session);
    disk_check_sound();
    disk_session(full_session);
    disk_check_sound();
    disk_remove();
}

int main(void)
{
    TEST(fsync_of_one_file);
    TEST(unlinked_file_is_held);
    TEST(full_disk_refuses_no_overwriting);
    return 0;
}
