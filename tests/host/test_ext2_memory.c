// SPDX-License-Identifier: MIT
//
// ext2 when memory runs out in the middle of a call: what was accepted stays, what was refused has not
// happened, and the disk is sound in the end.

#include "tests/host/ext2_session.h"

#define FAR (16 * 1024) // behind the blocks that the inode names itself: the map has to be read

// => 20 KiB of 'o' on the disk, and nothing of the file's inode in memory
static void make_file(void)
{
    char name[16];
    int64_t fd = open_mode("file", O_RDWR | O_CREAT);
    CHECK(put(fd, 'o', 20 * 1024, 0) > 0 && sys_close((uint64_t)fd) == 0);
    for (int i = 0; i < 50; i++) { // other blocks of inodes than the file's
        sprintf(name, "other%d", i);
        CHECK(sys_close((uint64_t)open_mode(name, O_RDWR | O_CREAT)) == 0);
    }
    CHECK(sys_sync() == 0);
    forget_names();
}

// The last user of the inode goes while it cannot be written out: it has to stay until it can be.
static void put_session(void)
{
    make_file();
    int64_t fd = open_mode("file", O_RDWR);
    CHECK(put(fd, 'n', 4096, FAR) == 4096 && sys_close((uint64_t)fd) == 0);
    memory_take_all();
    forget_names();
    memory_give_back();
    fd = open_mode("file", O_RDWR);
    CHECK(reads(fd, 'o', FAR, 0) && reads(fd, 'n', 4096, FAR) && sys_close((uint64_t)fd) == 0);
    memory_take_all(); // and once more, with nobody but sync to come back for it
    forget_names();
    memory_give_back();
    CHECK(sys_sync() == 0);
}

static void read_back_session(void)
{
    int64_t fd = open_mode("file", O_RDONLY);
    CHECK(size_of(fd) == 20 * 1024 && reads(fd, 'o', FAR, 0) && reads(fd, 'n', 4096, FAR));
}

static void last_put_keeps_what_was_written(void)
{
    disk_make("", "");
    disk_session(put_session);
    disk_session(read_back_session);
    disk_check_sound();
    disk_remove();
}

// A file that could not be cut is shorter all the same. Its blocks go by the next sync, and do not come back when it grows
// before: not by a write, nor by a truncation, which fail as long as there is no memory to cut them.
static void truncate_session(void)
{
    int64_t fd = open_mode("file", O_RDWR | O_CREAT), other = open_mode("other", O_RDWR | O_CREAT);
    CHECK(put(fd, 'o', 40 * 1024, 0) > 0 && put(other, 'o', 40 * 1024, 0) > 0 && sys_sync() == 0);
    memory_take_all();
    int64_t cut = sys_ftruncate((uint64_t)fd, 0), other_cut = sys_ftruncate((uint64_t)other, 0);
    int64_t grown = sys_ftruncate((uint64_t)fd, 40 * 1024), other_grown = put(other, 'n', 1, 39 * 1024);
    memory_give_back();
    CHECK(cut == 0 && other_cut == 0 && grown == -ENOMEM && other_grown == -ENOMEM);
    CHECK(size_of(fd) == 0 && size_of(other) == 0);
    CHECK(sys_ftruncate((uint64_t)fd, 40 * 1024) == 0 && put(other, 'n', 1, 39 * 1024) == 1);
    CHECK(reads(fd, 0, 40 * 1024, 0) && reads(other, 0, 39 * 1024, 0) && sys_sync() == 0);
}

static void grown_session(void)
{
    int64_t fd = open_mode("file", O_RDWR), other = open_mode("other", O_RDWR);
    CHECK(reads(fd, 0, 40 * 1024, 0) && reads(other, 0, 39 * 1024, 0) && reads(other, 'n', 1, 39 * 1024));
    memory_take_all();
    int64_t cut = sys_ftruncate((uint64_t)other, 0);
    memory_give_back();
    CHECK(cut == 0 && sys_fsync((uint64_t)other) == 0 && size_of(other) == 0);
}

static void cut_without_memory(void)
{
    disk_make("", "");
    disk_session(truncate_session);
    disk_check_sound();
    disk_session(grown_session);
    disk_check_sound();
    disk_remove();
}

// The blocks that a page got beyond the end of the file go back by the next try, when the first finds no
// memory.
static void reserved_session(void)
{
    int64_t fd = open_mode("file", O_RDWR | O_CREAT), other = open_mode("other", O_RDWR | O_CREAT);
    CHECK(put(fd, 'o', 12 * 1024 + 1, 0) > 0 && sys_sync() == 0);
    CHECK(put(fd, 'n', 1, 12 * 1024 + 1) == 1); // one block for the byte, and three to fill the page
    CHECK(sys_fsync((uint64_t)other) == 0);
    memory_take_all();
    int64_t refused = sys_fsync((uint64_t)fd);
    memory_give_back();
    CHECK(refused == -ENOMEM && sys_fsync((uint64_t)fd) == 0);
    CHECK(sys_close((uint64_t)fd) == 0 && sys_sync() == 0);
    forget_names();
    CHECK(sys_sync() == 0);
}

static void reserved_blocks_go_back(void)
{
    disk_make("", "");
    disk_session(reserved_session);
    disk_check_sound();
    disk_remove();
}

int main(void)
{
    TEST(last_put_keeps_what_was_written);
    TEST(cut_without_memory);
    TEST(reserved_blocks_go_back);
    return 0;
}
