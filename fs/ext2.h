// SPDX-License-Identifier: MIT
//
// ext2 inside: what lies on the disk, what is kept in memory, and what its files ask of each other.
//
//   ext2_super   mount, sync        ext2_map    logical block -> device block, holes, cutting
//   ext2_alloc   bitmaps, groups    ext2_file   pages of regular files
//   ext2_inode   inodes             ext2_dir    entries of a directory
//                                   ext2_name   create, link, rename ...: the directory operations
//
// A disk is input from outside. Whatever is an index, a length, a block or an inode number is checked each
// time it is read, and what does not hold water is -EIO and a line in the log. Order of changes everywhere:
// allocate, fill in, then link; undo when a step fails.
//
// Locks: the VFS holds inode.lock (names in a directory, size, links). ext2.lock is held whenever a block of
// metadata is looked at: blocks cannot change hands while somebody follows a map, and what has been checked
// stays as it is, even on a disk where two directories share a block.
#pragma once

#include "fs/block_cache.h"
#include "fs/vfs.h"
#include "lib/assert.h"

// ---- on disk, little-endian ----

struct ext2_disk_super {
    uint32_t inodes, blocks, reserved_blocks, free_blocks, free_inodes, first_data_block;
    uint32_t log_block_size, log_fragment_size; // 1 KiB << log
    uint32_t blocks_per_group, fragments_per_group, inodes_per_group;
    uint32_t mount_time, write_time;
    uint16_t mounts, mounts_most, magic, state, errors, minor_revision;
    uint32_t last_check, check_interval, creator, revision;
    uint16_t reserved_uid, reserved_gid;
    uint32_t first_inode; // lower ones are reserved
    uint16_t inode_bytes, group_of_this_copy;
    uint32_t compatible, incompatible, read_only_compatible; // feature sets
    uint8_t unused[1024 - 104];
};
_Static_assert(offsetof(struct ext2_disk_super, magic) == 56, "ext2 super block");
_Static_assert(offsetof(struct ext2_disk_super, first_inode) == 84, "ext2 super block");
_Static_assert(offsetof(struct ext2_disk_super, read_only_compatible) == 100, "ext2 super block");
_Static_assert(sizeof(struct ext2_disk_super) == 1024, "ext2 super block");

enum { EXT2_MAGIC = 0xef53, EXT2_REVISION = 1, EXT2_STATE_VALID = 1 };
enum { EXT2_INCOMPATIBLE_FILE_TYPE = 2 };
enum { EXT2_READ_ONLY_SPARSE_SUPER = 1, EXT2_READ_ONLY_LARGE_FILE = 2 };

struct ext2_disk_group {
    uint32_t block_bitmap, inode_bitmap, inode_table; // blocks
    uint16_t free_blocks, free_inodes, directories, unused[7];
};
_Static_assert(sizeof(struct ext2_disk_group) == 32, "ext2 group descriptor");

#define EXT2_DIRECT 12 // then one indirect, one double, one triple indirect block
#define EXT2_SLOTS  15

struct ext2_disk_inode {
    uint16_t mode, uid;
    uint32_t size, atime, ctime, mtime, dtime;
    uint16_t gid, links;
    uint32_t blocks, flags, os_1; // blocks of 512 bytes
    uint32_t block[EXT2_SLOTS];   // a short symbolic link's text, a device's number
    uint32_t generation, attributes_block, size_high, fragment, os_2;
    uint16_t uid_high, gid_high;
    uint32_t os_3;
};
_Static_assert(offsetof(struct ext2_disk_inode, block) == 40, "ext2 inode");
_Static_assert(offsetof(struct ext2_disk_inode, size_high) == 108, "ext2 inode");
_Static_assert(offsetof(struct ext2_disk_inode, uid_high) == 120, "ext2 inode");
_Static_assert(sizeof(struct ext2_disk_inode) == 128, "ext2 inode");

enum { EXT2_ROOT = 2, EXT2_LINKS_MOST = 32000 };
enum { EXT2_FLAG_INDEXED = 0x1000, EXT2_FLAG_EXTENTS = 0x80000, EXT2_FLAG_INLINE = 0x10000000 };

struct ext2_disk_entry { // of a directory; never crosses a block
    uint32_t inode;      // 0: unused
    uint16_t bytes;      // to the next entry, or to the end of the block
    uint8_t name_length, type;
    char name[];
};
_Static_assert(offsetof(struct ext2_disk_entry, name) == 8, "ext2 directory entry");

// ---- in memory ----

struct ext2 {
    struct super_block super;
    struct block_cache cache;
    struct mutex lock;            // L  RANK_FILE_SYSTEM
    struct ext2_disk_super *disk; // L  the super block, in the copy of the device's first page that is
    struct frame *frame;          //    in this frame
    uint32_t group_count;
    uint32_t pointers;            // block numbers in an indirect block
    uint64_t size_most;           // bytes of a file
    bool marked_valid;            // L  the device's super block says "clean"
    bool was_valid;               // it did at mount
    _Atomic unsigned complaints;
};

struct ext2_node { // inode.own
    uint32_t block[EXT2_SLOTS];  // L
    uint32_t flags, attributes_block;
    uint32_t goal;               // L  a good block to try next
    uint64_t reserved_end;       // L  logical blocks up to here were given out, maybe beyond the size; UINT64_MAX:
                                 //    a truncation was short of memory, and what lies beyond the size has old bytes
};

_Static_assert(sizeof(struct ext2_node) <= sizeof(((struct inode *)0)->own), "ext2 node");

static inline struct ext2_node *ext2_node(const struct inode *inode)
{
    return (struct ext2_node *)inode->own;
}
static inline struct ext2 *ext2_of(const struct inode *inode)
{
    return inode->super->data;
}
static inline uint64_t ext2_blocks_for(const struct ext2 *fs, uint64_t bytes)
{
    return (bytes + fs->cache.block_bytes - 1) / fs->cache.block_bytes;
}

// ext2_super.c
// => returns 0, -EINVAL (not ext2, or not a sound one), -EIO, -ENOMEM; one line in the log says why
[[nodiscard]] int ext2_mount(struct block_device *device, struct super_block **super);
int ext2_corrupt(struct ext2 *fs, const char *what, uint64_t number); // logs. => returns -EIO
// A block of metadata has been changed. => holds fs->lock
void ext2_dirty(struct ext2 *fs, struct buffer *buffer);

// ext2_alloc.c. => holds fs->lock
bool ext2_block_valid(const struct ext2 *fs, uint64_t block);
[[nodiscard]] int ext2_group(struct ext2 *fs, uint32_t number, struct buffer *buffer,
                             struct ext2_disk_group **group);
[[nodiscard]] int ext2_block_alloc(struct ext2 *fs, uint32_t goal, uint32_t *block);
[[nodiscard]] int ext2_block_free(struct ext2 *fs, uint32_t block); // -EIO: is free already, or must not be
[[nodiscard]] int ext2_inode_alloc(struct ext2 *fs, uint64_t near, bool directory, uint32_t *number);
[[nodiscard]] int ext2_inode_free(struct ext2 *fs, uint32_t number, bool directory);

// ext2_map.c. => holds fs->lock
// The device block of a logical one. 0: a hole; with `allocate` a hole gets a block, whose contents the
// caller provides. => returns 0, -EIO, -ENOSPC, -EFBIG, -ENOMEM
[[nodiscard]] int ext2_map(struct inode *inode, uint64_t logical, bool allocate, uint32_t *block);
[[nodiscard]] int ext2_map_cut(struct inode *inode, uint64_t keep); // frees the logical blocks from `keep` on
uint64_t ext2_map_most(const struct ext2 *fs); // logical blocks a map can name
// A block of a directory or symbolic link; `append`: a new one, all zero.
[[nodiscard]] int ext2_block_get(struct inode *inode, uint64_t logical, bool append, struct buffer *buffer);

// ext2_file.c
extern const struct vm_object_ops ext2_pages_ops;
int ext2_cut_reserved(struct inode *inode); // frees what lies beyond the size, if anything may. => holds fs->lock
int ext2_truncate(struct inode *inode, uint64_t size);

// ext2_inode.c
[[nodiscard]] int ext2_inode_get(struct super_block *super, uint64_t number, struct inode **out);
// One without a name yet, empty: links == 1, so that undoing is links = 0 and inode_put().
[[nodiscard]] int ext2_inode_new(struct inode *directory, uint32_t mode, uint64_t device, struct inode **out);
int ext2_write_inode(struct inode *inode);
int ext2_evict(struct inode *inode);

// ext2_dir.c. => holds fs->lock, and directory.lock, for write where it changes
struct ext2_slot { // an entry, its block held
    struct buffer buffer;
    struct ext2_disk_entry *entry;
    uint64_t position; // bytes from the directory's start
};
[[nodiscard]] int ext2_dir_find(struct inode *directory, struct name name, struct ext2_slot *slot);
[[nodiscard]] int ext2_dir_add(struct inode *directory, struct name name, const struct inode *inode);
// These two release the slot.
void ext2_dir_set(struct inode *directory, struct ext2_slot *slot, const struct inode *inode);
void ext2_dir_remove(struct inode *directory, struct ext2_slot *slot);
[[nodiscard]] int ext2_dir_check_empty(struct inode *directory); // -ENOTEMPTY
[[nodiscard]] int ext2_dir_make(struct inode *inode, const struct inode *parent); // "." and ".."
// => holds directory.lock only
int ext2_readdir(struct inode *directory, uint64_t *position, readdir_emit *emit, void *context);

// ext2_name.c
extern const struct inode_ops ext2_directory_ops;
