// SPDX-License-Identifier: MIT
//
// The block device's page cache: a vm_object whose dirty unit is an eighth of a page. See block_cache.h.
// Called by file systems; calls mm/object and the block layer.

#include "fs/block_cache.h"
#include "lib/string.h"

#define EIGHTH(i) (1u << (FRAME_SUB_SHIFT + (i)))
#define EIGHTHS   (0xffu << FRAME_SUB_SHIFT)

// Moves those eighths of page `index` that are named in `eighths` and that the device has.
static int transfer(struct vm_object *object, uint64_t index, struct frame *frame,
                    enum block_operation operation, unsigned eighths)
{
    struct block_cache *cache = object->owner;
    uint64_t sectors[SECTORS_PER_PAGE];
    for (unsigned i = 0; i < SECTORS_PER_PAGE; i++) {
        uint64_t sector = index * SECTORS_PER_PAGE + i;
        sectors[i] = (eighths & EIGHTH(i)) && sector < cache->device->sectors ? sector : SECTOR_NONE;
    }
    return block_transfer_page(cache->device, operation, frame_address(frame), sectors);
}

static int fill(struct vm_object *object, uint64_t index, struct frame *frame)
{
    memset(frame_memory(frame), 0, PAGE_SIZE); // the device may end within the page
    return transfer(object, index, frame, BLOCK_READ, EIGHTHS);
}

static int write_back(struct vm_object *object, uint64_t index, struct frame *frame)
{
    unsigned dirty = atomic_fetch_and(&frame->flags, (uint16_t)~EIGHTHS) & EIGHTHS;
    int error = transfer(object, index, frame, BLOCK_WRITE, dirty);
    if (error)
        atomic_fetch_or(&frame->flags, (uint16_t)dirty);
    return error;
}

static const struct vm_object_ops block_cache_ops = {.fill = fill, .write_back = write_back};

void block_cache_init(struct block_cache *cache, struct block_device *device, uint32_t block_bytes)
{
    cache->device = device;
    cache->block_bytes = block_bytes;
    vm_object_init(&cache->object, &block_cache_ops, cache,
                   (device->sectors + SECTORS_PER_PAGE - 1) / SECTORS_PER_PAGE, RANK_DEVICE_CACHE);
}

// The page and the eighths of a block: `buffer` without a frame.
static uint64_t locate(const struct block_cache *cache, uint64_t block, struct buffer *buffer)
{
    uint64_t byte = block * cache->block_bytes;
    unsigned first = (byte & PAGE_MASK) / SECTOR_BYTES, count = cache->block_bytes / SECTOR_BYTES;
    *buffer = (struct buffer){.eighths = (uint16_t)(((1u << count) - 1) << (FRAME_SUB_SHIFT + first))};
    return byte >> PAGE_SHIFT;
}

static int get(struct block_cache *cache, uint64_t block, struct buffer *buffer, bool overwrite_page)
{
    uint64_t index = locate(cache, block, buffer);
    int error = vm_object_get(&cache->object, index, !overwrite_page, &buffer->frame);
    if (!error)
        buffer->data = (char *)frame_memory(buffer->frame) + (block * cache->block_bytes & PAGE_MASK);
    return error;
}

int block_cache_get(struct block_cache *cache, uint64_t block, struct buffer *buffer)
{
    return get(cache, block, buffer, false);
}

int block_cache_new(struct block_cache *cache, uint64_t block, struct buffer *buffer)
{
    // The page of a smaller block is read all the same: its neighbours may be in use.
    int error = get(cache, block, buffer, cache->block_bytes == PAGE_SIZE);
    if (error)
        return error;
    memset(buffer->data, 0, cache->block_bytes);
    buffer_dirty(cache, buffer);
    return 0;
}

void buffer_dirty(struct block_cache *cache, struct buffer *buffer)
{
    atomic_fetch_or(&buffer->frame->flags, buffer->eighths);
    vm_object_mark_dirty(&cache->object, buffer->frame);
}

void buffer_put(struct buffer *buffer)
{
    frame_let_go(&buffer->frame);
}

void block_cache_forget(struct block_cache *cache, uint64_t block)
{
    struct buffer buffer;
    uint64_t index = locate(cache, block, &buffer);
    buffer.frame = vm_object_peek(&cache->object, index); // not in I/O: see the rule in block_cache.h
    if (buffer.frame)
        atomic_fetch_and(&buffer.frame->flags, (uint16_t)~buffer.eighths);
    buffer_put(&buffer);
}
