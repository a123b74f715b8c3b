// SPDX-License-Identifier: MIT
//
// Disks with one lie each that was once believed too far. What the calls return to whoever has such a disk
// matters little: that every call returns, and touches nothing but its own.

#include "tests/host/ext2_session.h"

#define NAME_OF_250_BYTES                                                                                    \
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"                            \
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"                            \
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"                            \
    "zzzzzzzzzzzzzzzzzzzzzzzzz"

static void free_block_session(void)
{
    CHECK(exists("d/f") == 0);
    move("d/f", "e/" NAME_OF_250_BYTES);
    exists("d/f");
    exists("e/" NAME_OF_250_BYTES);
    CHECK(sys_sync() == 0);
    fs_machine_check_quiet();
}

// The only block that the bitmap calls free is the block of directory d. "e" is full: for a name it gets d's
// block, and the entry to be removed from there, found before, is between others no longer.
static void bitmap_calls_directory_free(void)
{
    disk_make(
        "mkdir d e && touch d/aaaa d/f && for i in a b c; do touch e/$(printf $i%0249d 0); done",
        "block=$(debugfs -R 'blocks d' $IMAGE 2>/dev/null) && debugfs -w -f - $IMAGE >/dev/null 2>&1 <<.\n"
        "setb 1 1023\nfreeb $block\n.\n");
    disk_session(free_block_session);
    disk_remove();
}

static void shared_block_session(void)
{
    CHECK(sys_chdir(U("A")) == 0 && sys_unlinkat(CWD, U("/A"), AT_REMOVEDIR) == 0);
    CHECK(mkdir_at("/B/x") == 0); // a name in the one block
    CHECK(exists("x") == -ENOENT && mkdir_at("x/q") == -ENOENT && open_mode("x", O_RDONLY) == -ENOENT);
    CHECK(exists("/B/x") == 0 && move("/B/x", "x/y") == -ENOENT);
    CHECK(sys_chdir(U("/")) == 0 && sys_sync() == 0);
    fs_machine_check_quiet();
}

// Two directories have the same block. In a removed directory there are no names, whatever its block says:
// one that was found there would be a second dentry of its directory.
static void removed_directory_shares_a_block(void)
{
    disk_make("mkdir A B", "block=$(debugfs -R 'blocks A' $IMAGE 2>/dev/null) && "
                           "debugfs -w -R \"sif B block[0] $block\" $IMAGE >/dev/null 2>&1");
    disk_session(shared_block_session);
    disk_remove();
}

static void twin_session(void)
{
    CHECK(exists("A") == 0);
    CHECK(move("B/twin", "B/new") == -EIO && move("B/file", "B/twin") == -EIO && exists("B/twin") == -EIO);
    CHECK(exists("B/file") == 0 && exists("A") == 0 && mkdir_at("B/made") == 0 &&
          move("B/made", "A/made") == 0);
    CHECK(sys_sync() == 0);
    fs_machine_check_quiet();
}

// A directory's second name: an error, and no dentry to be put.
static void second_name_of_directory(void)
{
    disk_make("mkdir A B && touch B/file", "debugfs -w -R 'ln A B/twin' $IMAGE >/dev/null 2>&1");
    disk_session(twin_session);
    disk_remove();
}

int main(void)
{
    TEST(bitmap_calls_directory_free);
    TEST(removed_directory_shares_a_block);
    TEST(second_name_of_directory);
    return 0;
}
