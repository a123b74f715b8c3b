// SPDX-License-Identifier: MIT
//
// The pages of regular files: what the page cache asks of ext2. A 4 KiB page is one to four blocks.
//
// Reading takes fs->lock for the map only. Writing keeps it until the device is done, so that no block can
// be freed, and given to another file, while an old owner's write is on its way to it.
//
// A hole under a page that is about to be dirtied gets its blocks by before_write(), when ENOSPC can still be
// told to whoever writes. That includes blocks beyond the size, up to where he will write; what is left over, as he
// could not, is taken back when the inode is written.

#include "fs/ext2.h"

// Where each eighth of a page lies. Holes in blocks that begin below `allocate_below` (bytes) are filled.
// => holds fs->lock
static int map_page(struct inode *inode, uint64_t page, uint64_t allocate_below, bool *allocated,
                    uint64_t sectors[SECTORS_PER_PAGE])
{
    struct ext2 *fs = ext2_of(inode);
    uint32_t unit = fs->cache.block_bytes / SECTOR_BYTES, block = 0;
    bool old_bytes = page << PAGE_SHIFT >= inode->size && ext2_node(inode)->reserved_end == UINT64_MAX;
    int error = old_bytes ? ext2_cut_reserved(inode) : 0;

    for (unsigned i = 0; !error && i < SECTORS_PER_PAGE; i += unit) {
        uint64_t byte = (page << PAGE_SHIFT) + i * SECTOR_BYTES, logical = byte / fs->cache.block_bytes;
        uint64_t blocks_before = inode->blocks;
        error = ext2_map(inode, logical, byte < allocate_below, &block);
        if (inode->blocks != blocks_before && allocated)
            *allocated = true;
        for (unsigned j = 0; j < unit; j++)
            sectors[i + j] = block ? (uint64_t)block * unit + j : SECTOR_NONE;
    }
    return error;
}

static int fill(struct vm_object *object, uint64_t index, struct frame *frame)
{
    struct inode *inode = object->owner;
    struct ext2 *fs = ext2_of(inode);
    uint64_t sectors[SECTORS_PER_PAGE];

    mutex_lock(&fs->lock);
    int error = map_page(inode, index, 0, NULL, sectors);
    mutex_unlock(&fs->lock);
    if (error)
        return error;
    for (unsigned i = 0; i < SECTORS_PER_PAGE; i++)
        if (sectors[i] == SECTOR_NONE)
            memset((char *)frame_memory(frame) + i * SECTOR_BYTES, 0, SECTOR_BYTES);
    return block_transfer_page(fs->cache.device, BLOCK_READ, frame_address(frame), sectors);
}

static int write_back(struct vm_object *object, uint64_t index, struct frame *frame)
{
    struct inode *inode = object->owner;
    struct ext2 *fs = ext2_of(inode);
    uint64_t sectors[SECTORS_PER_PAGE];

    mutex_lock(&fs->lock);
    // Blocks are there (reserve), but for one case: a mapped page that a growing size has since widened.
    int error = map_page(inode, index, inode->size, NULL, sectors);
    if (!error)
        error = block_transfer_page(fs->cache.device, BLOCK_WRITE, frame_address(frame), sectors);
    mutex_unlock(&fs->lock);
    return error;
}

int ext2_cut_reserved(struct inode *inode)
{
    struct ext2_node *node = ext2_node(inode);
    uint64_t end = ext2_blocks_for(ext2_of(inode), inode->size);
    int error = node->reserved_end > end ? ext2_map_cut(inode, end) : 0;
    node->reserved_end = error ? node->reserved_end : 0;
    return error;
}

// A new block holds somebody's old bytes until this page is written: the page is there, with the hole's
// zeros, before the block is, and dirty afterwards, whatever becomes of the caller's write. A page that
// truncation has taken out of the index meanwhile gets none: that page would never be written. (Out of the
// index comes before the cut, and that waits for fs->lock: what is given out here in between is cut.)
static int before_write(struct vm_object *object, uint64_t index, struct frame *frame, uint64_t end_bytes)
{
    struct inode *inode = object->owner;
    struct ext2 *fs = ext2_of(inode);
    struct ext2_node *node = ext2_node(inode);
    uint64_t sectors[SECTORS_PER_PAGE], end = (index + 1) * (PAGE_SIZE / fs->cache.block_bytes);
    uint64_t size = __atomic_load_n(&inode->size, __ATOMIC_RELAXED);
    bool allocated = false;

    mutex_lock(&fs->lock);
    int error = vm_object_indexes(object, index, frame) ? 0 : -ENXIO;
    if (!error)
        error = map_page(inode, index, end_bytes > size ? end_bytes : size, &allocated, sectors);
    if (allocated && node->reserved_end < end)
        node->reserved_end = end;
    if (!error) // a store through a mapping has no other place to tell the time; inode->lock is out of reach
        inode_modified(inode);
    mutex_unlock(&fs->lock);
    if (allocated)
        vm_object_mark_dirty(object, frame);
    return error;
}

const struct vm_object_ops ext2_pages_ops = {
    .fill = fill, .write_back = write_back, .before_write = before_write};

// A file is shorter at once. Where its tables of blocks cannot be read for want of memory the blocks stay, until it is
// written or about to grow.
int ext2_truncate(struct inode *inode, uint64_t size)
{
    struct ext2 *fs = ext2_of(inode);

    if (size > fs->size_most)
        return -EFBIG;
    mutex_lock(&fs->lock);
    if (size <= inode->size) {
        inode->size = size;
        ext2_node(inode)->reserved_end = UINT64_MAX;
    }
    int error = ext2_cut_reserved(inode);
    if (error == -ENOMEM && size == inode->size)
        error = 0;
    if (!error)
        inode->size = size;
    mutex_unlock(&fs->lock);
    inode->dirty = true;
    return error;
}
