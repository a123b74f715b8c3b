// SPDX-License-Identifier: MIT
//
// The block map: which device block holds a file's logical block. Twelve are named in the inode, the others
// by trees of indirect blocks, one, two and three levels deep:
//
//   inode.block[0..11]  [12]     [13]            [14]
//         |              |        |               |
//       data          pointers  pointers       pointers      a pointer 0 is a hole, at any level
//                        |        |               |
//                      data     pointers ...    pointers ...
//
// A map read from disk may lie; depth is bounded all the same, and cutting never gets far through a block that it
// meets twice, for it frees each when it leaves it, and freeing what is free is an error.

#include "fs/ext2.h"

#define LEVELS 3

uint64_t ext2_map_most(const struct ext2 *fs)
{
    uint64_t p = fs->pointers;
    return EXT2_DIRECT + p + p * p + p * p * p;
}

// The way to a logical block: index[0] into inode.block, the others into one indirect block each.
// => returns how many there are
static unsigned way_to(const struct ext2 *fs, uint64_t logical, uint32_t index[LEVELS + 1])
{
    uint64_t span = 1; // data blocks below the root for this level
    unsigned level = 0;
    if (logical < EXT2_DIRECT) {
        index[0] = (uint32_t)logical;
        return 1;
    }
    logical -= EXT2_DIRECT;
    for (level = 1; logical >= (span *= fs->pointers); level++)
        logical -= span;
    index[0] = EXT2_DIRECT + level - 1;
    for (unsigned i = level; i > 0; i--, logical /= fs->pointers)
        index[i] = (uint32_t)(logical % fs->pointers);
    return level + 1;
}

static uint32_t first_goal(const struct inode *inode)
{
    const struct ext2_disk_super *disk = ext2_of(inode)->disk;
    return disk->first_data_block +
           (uint32_t)((inode->number - 1) / disk->inodes_per_group) * disk->blocks_per_group;
}

// A new data block and, above it, indirect blocks that lead to it: index[0] is in the topmost. What the slot
// points to is complete before it does so. => on failure nothing has changed
static int grow(struct inode *inode, uint32_t *slot, const uint32_t *index, unsigned indirect,
                uint32_t *block)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_node *node = ext2_node(inode);
    uint32_t chain[LEVELS + 1], goal = node->goal ? node->goal : first_goal(inode);
    unsigned count = 0;
    int error = 0;
    for (; !error && count <= indirect; count += !error) {
        error = ext2_block_alloc(fs, goal, &chain[count]);
        goal = error ? goal : chain[count] + 1;
    }
    for (unsigned i = 0; !error && i < indirect; i++) {
        BUFFER_HERE buffer = {0};
        error = block_cache_new(&fs->cache, chain[i], &buffer);
        if (error)
            break;
        ((uint32_t *)buffer.data)[index[i]] = chain[i + 1];
        ext2_dirty(fs, &buffer);
    }
    if (error) {
        while (count > 0)
            if (ext2_block_free(fs, chain[--count]) != 0)
                log_error("ext2: block %u is lost", chain[count]);
        return error;
    }
    node->goal = goal;
    inode->blocks += (indirect + 1) * (fs->cache.block_bytes / SECTOR_BYTES);
    inode->dirty = true;
    *slot = chain[0];
    *block = chain[indirect];
    return 0;
}

int ext2_map(struct inode *inode, uint64_t logical, bool allocate, uint32_t *block)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_node *node = ext2_node(inode);
    struct buffer above = {0}, below; // `above` has the slot, unless the inode does
    uint32_t index[LEVELS + 1];
    int error = 0;
    if (logical >= ext2_map_most(fs))
        return -EFBIG;
    unsigned count = way_to(fs, logical, index), i = 1;
    uint32_t *slot = &node->block[index[0]];
    for (; *slot != 0; i++) {
        if (!ext2_block_valid(fs, *slot))
            error = ext2_corrupt(fs, "bad block number in the map of inode", inode->number);
        node->goal = *slot + 1; // sequential files stay sequential
        if (error || i == count)
            break;
        error = block_cache_get(&fs->cache, *slot, &below);
        if (error)
            break;
        buffer_put(&above);
        above = below;
        slot = (uint32_t *)above.data + index[i];
    }
    *block = *slot;
    if (!error && *slot == 0 && allocate) {
        error = grow(inode, slot, index + i, count - i, block);
        if (!error && above.frame)
            ext2_dirty(fs, &above);
    }
    buffer_put(&above);
    return error;
}

// Frees what *slot leads to from data block `keep` on (counted from the first one below *slot). Where that fails, the
// map names what is left, and it can be tried again.
static int cut(struct inode *inode, uint32_t *slot, unsigned level, uint64_t keep)
{
    struct ext2 *fs = ext2_of(inode);
    BUFFER_HERE buffer = {0};
    uint32_t unit = fs->cache.block_bytes / SECTOR_BYTES;
    uint64_t span = 1; // data blocks below one pointer of this block
    int error = 0;
    if (*slot == 0)
        return 0;
    if (!ext2_block_valid(fs, *slot))
        return ext2_corrupt(fs, "bad block number in the map of inode", inode->number);
    if (level > 0) {
        error = block_cache_get(&fs->cache, *slot, &buffer);
        if (error)
            return error;
        for (unsigned i = 1; i < level; i++)
            span *= fs->pointers;
        uint32_t *pointers = buffer.data;
        for (uint64_t i = keep / span; !error && i < fs->pointers; i++)
            error = cut(inode, &pointers[i], level - 1, i == keep / span ? keep % span : 0);
        ext2_dirty(fs, &buffer);
    }
    if (!error && keep == 0 && !(error = ext2_block_free(fs, *slot))) {
        *slot = 0;
        inode->blocks -= inode->blocks >= unit ? unit : 0;
        inode->dirty = true;
    }
    return error;
}

int ext2_map_cut(struct inode *inode, uint64_t keep)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_node *node = ext2_node(inode);
    uint64_t first = 0, span = 1; // the logical blocks below one slot of the inode
    int error = 0;
    node->goal = 0;
    for (unsigned i = 0; !error && i < EXT2_SLOTS; i++) {
        unsigned level = i < EXT2_DIRECT ? 0 : i - EXT2_DIRECT + 1;
        span *= level ? fs->pointers : 1;
        if (keep < first + span)
            error = cut(inode, &node->block[i], level, keep > first ? keep - first : 0);
        first += span;
    }
    return error;
}

int ext2_block_get(struct inode *inode, uint64_t logical, bool append, struct buffer *buffer)
{
    struct ext2 *fs = ext2_of(inode);
    uint32_t block;
    int error = ext2_map(inode, logical, append, &block);
    if (error)
        return error;
    if (block == 0)
        return ext2_corrupt(fs, "a hole in directory or symbolic link", inode->number);
    if (!append)
        return block_cache_get(&fs->cache, block, buffer);
    error = block_cache_new(&fs->cache, block, buffer);
    if (error && ext2_map_cut(inode, logical) != 0)
        log_error("ext2: block %u is lost", block);
    return error;
}
