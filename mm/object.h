// SPDX-License-Identifier: MIT
//
// A vm_object is the record of object pages: the page cache of a file or of a block device, later shared
// anonymous memory. read(2), write(2), exec and mappings all use the same frames. The index holds one
// reference to each; a mapping's leaf one more.
//
// A page is filled once: BUSY while the owner reads it, others sleep. Dirty pages are written by
// vm_object_sync(). Truncation takes the page out of the index first and then out of every mapping.

#ifndef MM_OBJECT_H
#define MM_OBJECT_H

#include "lib/list.h"
#include "lib/radix.h"
#include "lib/sleeplock.h"
#include "mm/frame.h"

struct vm_object;
struct vm_region;

// Called without the object lock and with the frame BUSY; may sleep. 0 or -errno (-EIO, -ENOSPC, -ENOMEM).
struct vm_object_ops {
    int (*fill)(struct vm_object *object, uint64_t index, struct frame *frame);
    int (*write_back)(struct vm_object *object, uint64_t index, struct frame *frame);
    int (*before_write)(struct vm_object *object, uint64_t index); // reserve disk space; may be NULL
    void (*release)(struct vm_object *object);                     // last reference gone; may be NULL
};

// O: guarded by lock. A: atomic. C: constant.
struct vm_object {
    const struct vm_object_ops *ops; // C
    void *owner;                     // C  whatever ops need: an inode, a block device
    struct mutex lock;
    struct radix_tree pages;         // O  index -> struct frame, one reference each
    uint64_t size_pages;             // O  pages at or beyond: no backing (SIGBUS)
    struct list_node regions;        // O  vm_region.by_object of every mapping
    _Atomic uint32_t dirty_pages;    // A
    struct list_node node;           // list of all objects (audit, reclaim)
};

void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops, void *owner,
                    uint64_t size_pages, enum lock_rank rank);
// => no region maps it; every page is dropped, dirty or not: sync first if that matters
void vm_object_destroy(struct vm_object *object);

// The page at `index`, filled, with a reference for the caller (frame_put when done).
// => returns 0; -ENXIO beyond the size; -ENOMEM; or what fill said.  => holds no spin lock; may sleep
[[nodiscard]] int vm_object_get(struct vm_object *object, uint64_t index, struct frame **out);
// The same without reading: for a page that the caller overwrites whole. Not filled, zeroed when it is new.
[[nodiscard]] int vm_object_get_new(struct vm_object *object, uint64_t index, struct frame **out);
// Cached now, else NULL. With a reference. Never sleeps for I/O.
struct frame *vm_object_peek(struct vm_object *object, uint64_t index);
// Is `frame` still what the index names at `index`? => under the leaf lock: see truncate in docs/LOCKING.md
bool vm_object_indexes(struct vm_object *object, uint64_t index, struct frame *frame);

void vm_object_mark_dirty(struct vm_object *object, struct frame *frame);
// Write all dirty pages, wait for the device. => returns the first error, having tried all
int vm_object_sync(struct vm_object *object);
// New size: pages beyond go from the index, then from every mapping (reverse map through regions).
void vm_object_resize(struct vm_object *object, uint64_t size_pages);

// Drop up to `most` clean pages that nobody maps, over all objects. => returns how many; may sleep
size_t vm_objects_reclaim(size_t most);
size_t vm_objects_page_count(void);
size_t vm_objects_dirty_count(void);
void vm_objects_for_each(void (*visit)(void *context, struct vm_object *object), void *context);

#endif
