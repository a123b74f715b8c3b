// SPDX-License-Identifier: MIT
//
// Which blocks and inodes are in use: one bitmap of each per group, and counts in three places (bitmap,
// group descriptor, super block). The bitmap is the truth; the counts of a foreign disk may be wrong and are
// never trusted for more than "this group is not worth a look". Everything here: => holds fs->lock.

#include "fs/ext2.h"
#include "lib/bitmap.h"

enum kind { BLOCKS, INODES };

// One bitmap in use, with the descriptor that names it.
struct bits {
    struct buffer bitmap, descriptor;
    struct ext2_disk_group *group;
    size_t count;    // bits that mean something
    uint16_t *free;  // in the descriptor
    uint32_t *total; // in the super block
};

static uint32_t group_first_block(const struct ext2 *fs, uint32_t group)
{
    return fs->disk->first_data_block + group * fs->disk->blocks_per_group;
}

bool ext2_block_valid(const struct ext2 *fs, uint64_t block)
{
    return block > fs->disk->first_data_block && block < fs->disk->blocks;
}

static uint32_t inode_table_blocks(const struct ext2 *fs)
{
    return (uint32_t)ext2_blocks_for(fs, (uint64_t)fs->disk->inodes_per_group * fs->disk->inode_bytes);
}

int ext2_group(struct ext2 *fs, uint32_t number, struct buffer *buffer, struct ext2_disk_group **group)
{
    uint32_t per_block = fs->cache.block_bytes / sizeof(struct ext2_disk_group);
    int error = block_cache_get(&fs->cache, fs->disk->first_data_block + 1 + number / per_block, buffer);
    if (error)
        return error;
    struct ext2_disk_group *found = (struct ext2_disk_group *)buffer->data + number % per_block;
    if (ext2_block_valid(fs, found->block_bitmap) && ext2_block_valid(fs, found->inode_bitmap) &&
        ext2_block_valid(fs, found->inode_table) &&
        ext2_block_valid(fs, (uint64_t)found->inode_table + inode_table_blocks(fs) - 1)) {
        *group = found;
        return 0;
    }
    buffer_put(buffer);
    return ext2_corrupt(fs, "bad group descriptor", number);
}

// Bitmaps and inode tables are never given out or taken back, whatever the bitmap says.
static bool reserved(const struct ext2 *fs, const struct ext2_disk_group *group, uint32_t block)
{
    return block == group->block_bitmap || block == group->inode_bitmap ||
           (block >= group->inode_table && block - group->inode_table < inode_table_blocks(fs));
}

#define BITS_HERE __attribute__((cleanup(bits_put))) struct bits
static void bits_put(struct bits *bits)
{
    buffer_put(&bits->bitmap);
    buffer_put(&bits->descriptor);
}

// => puts what it got into `bits`, also on failure
static int bits_get(struct ext2 *fs, uint32_t number, enum kind kind, struct bits *bits)
{
    struct ext2_disk_super *disk = fs->disk;
    uint32_t rest = disk->blocks - group_first_block(fs, number); // the last group may be short
    bits->bitmap.frame = bits->descriptor.frame = NULL;
    int error = ext2_group(fs, number, &bits->descriptor, &bits->group);
    if (error)
        return error;
    bits->count = kind == INODES ? disk->inodes_per_group
                  : rest < disk->blocks_per_group ? rest : disk->blocks_per_group;
    bits->free = kind == INODES ? &bits->group->free_inodes : &bits->group->free_blocks;
    bits->total = kind == INODES ? &disk->free_inodes : &disk->free_blocks;
    return block_cache_get(&fs->cache, kind == INODES ? bits->group->inode_bitmap : bits->group->block_bitmap,
                           &bits->bitmap);
}

static void count_changed(struct ext2 *fs, struct bits *bits, int difference)
{
    if (difference > 0 ? *bits->free < bits->count : *bits->free > 0)
        *bits->free = (uint16_t)(*bits->free + difference);
    if (difference > 0 || *bits->total > 0)
        *bits->total += (uint32_t)difference;
    ext2_dirty(fs, &bits->bitmap);
    ext2_dirty(fs, &bits->descriptor);
}

// The first free bit at or after `from` in one group. => returns 0, -ENOSPC, -EIO, -ENOMEM
static int take_in_group(struct ext2 *fs, uint32_t number, enum kind kind, size_t from, bool directory,
                         uint32_t *bit)
{
    BITS_HERE bits;
    int error = bits_get(fs, number, kind, &bits);
    if (error)
        return error;
    size_t found = *bits.free ? bitmap_find_clear(bits.bitmap.data, bits.count, from) : bits.count;
    if (found >= bits.count)
        return -ENOSPC;
    if (kind == BLOCKS && reserved(fs, bits.group, group_first_block(fs, number) + (uint32_t)found))
        return ext2_corrupt(fs, "block bitmap offers a bitmap or an inode table, group", number);
    bitmap_set(bits.bitmap.data, found);
    bits.group->directories = (uint16_t)(bits.group->directories + directory);
    count_changed(fs, &bits, -1);
    *bit = (uint32_t)found;
    return 0;
}

// Searches all groups, beginning at `from` of group `first`, which is looked at again, whole, at the end.
static int take(struct ext2 *fs, enum kind kind, uint32_t *group, size_t from, bool directory, uint32_t *bit)
{
    uint32_t first = *group;
    int error = -ENOSPC;
    for (uint32_t turn = 0; turn <= fs->group_count && error == -ENOSPC; turn++) {
        *group = (first + turn) % fs->group_count;
        size_t lowest = kind == INODES && *group == 0 ? fs->disk->first_inode - 1 : 0;
        error = take_in_group(fs, *group, kind, turn == 0 && from > lowest ? from : lowest, directory, bit);
    }
    return error;
}

static int give_back(struct ext2 *fs, enum kind kind, uint32_t group, uint32_t bit, bool directory)
{
    BITS_HERE bits;
    int error = bits_get(fs, group, kind, &bits);
    if (error)
        return error;
    if (bit >= bits.count || !bitmap_test(bits.bitmap.data, bit) ||
        (kind == BLOCKS && reserved(fs, bits.group, group_first_block(fs, group) + bit)))
        return ext2_corrupt(fs, "freed what is not in use, group", group);
    bitmap_clear(bits.bitmap.data, bit);
    if (directory && bits.group->directories > 0)
        bits.group->directories--;
    count_changed(fs, &bits, 1);
    return 0;
}

int ext2_block_alloc(struct ext2 *fs, uint32_t goal, uint32_t *block)
{
    uint32_t offset = ext2_block_valid(fs, goal) ? goal - fs->disk->first_data_block : 0;
    uint32_t group = offset / fs->disk->blocks_per_group, bit;
    int error = take(fs, BLOCKS, &group, offset % fs->disk->blocks_per_group, false, &bit);
    if (!error)
        *block = group_first_block(fs, group) + bit;
    return error;
}

int ext2_block_free(struct ext2 *fs, uint32_t block)
{
    if (!ext2_block_valid(fs, block))
        return ext2_corrupt(fs, "freed a block that does not exist", block);
    uint32_t offset = block - fs->disk->first_data_block;
    int error = give_back(fs, BLOCKS, offset / fs->disk->blocks_per_group,
                          offset % fs->disk->blocks_per_group, false);
    if (!error)
        block_cache_forget(&fs->cache, block);
    return error;
}

int ext2_inode_alloc(struct ext2 *fs, uint64_t near, bool directory, uint32_t *number)
{
    uint32_t group = (uint32_t)((near - 1) / fs->disk->inodes_per_group), bit;
    int error = take(fs, INODES, &group, 0, directory, &bit);
    if (!error)
        *number = group * fs->disk->inodes_per_group + bit + 1;
    return error;
}

int ext2_inode_free(struct ext2 *fs, uint32_t number, bool directory)
{
    return give_back(fs, INODES, (number - 1) / fs->disk->inodes_per_group,
                     (number - 1) % fs->disk->inodes_per_group, directory);
}
