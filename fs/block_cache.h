// SPDX-License-Identifier: MIT
//
// A block device's own page cache, for what a file system keeps about its files: bitmaps, inodes,
// directories, indirect blocks. (File data is cached per file and goes to the device past this cache.)
//
// Blocks may be smaller than pages, and a page's other blocks may be file data, whose copy here is stale.
// So dirtiness is per 512 bytes, in the frame's flags, and only dirty eighths are ever written:
//
//   frame.flags bits 8..15   0 0 1 1 0 0 0 0     1 KiB blocks: only the second one of this page is dirty
//
// All calls, and vm_object_sync() of the object, are made under one lock of the file system.
#pragma once

#include "dev/block.h"
#include "mm/object.h"

struct block_cache {
    struct vm_object object; // RANK_DEVICE_CACHE; index: 4 KiB of the device
    struct block_device *device;
    uint32_t block_bytes; // 1, 2 or 4 KiB
};

// A block in use: holds a reference to its frame.
struct buffer {
    struct frame *frame; // NULL: none
    void *data;
    uint16_t eighths; // in frame.flags
};

void block_cache_init(struct block_cache *cache, struct block_device *device, uint32_t block_bytes);
// => return 0 or -EIO, -ENOMEM, -ENXIO (beyond the device); may sleep
[[nodiscard]] int block_cache_get(struct block_cache *cache, uint64_t block, struct buffer *buffer);
// For a block that has just been allocated: all zero, dirty; what the device holds is not read.
[[nodiscard]] int block_cache_new(struct block_cache *cache, uint64_t block, struct buffer *buffer);
void buffer_dirty(struct block_cache *cache, struct buffer *buffer); // after the change
void buffer_put(struct buffer *buffer);                              // none is fine; needs no lock
#define BUFFER_HERE __attribute__((cleanup(buffer_put))) struct buffer // is put at the end of its block
// The block is free now: what is dirty of it will not be written over what its next owner writes.
void block_cache_forget(struct block_cache *cache, uint64_t block);
