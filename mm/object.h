// SPDX-License-Identifier: MIT
//
// A vm_object is the record of object pages: the page cache of a file or of a block device, or memory that
// processes share (its pages have no other place: no write_back). read(2), write(2), exec and mappings all use the
// same frames. The index holds one reference to each; a mapping's leaf one more.
//
// A page is filled once: BUSY while the owner reads it, others sleep. Dirty pages are written by
// vm_object_sync(). Truncation takes the page out of the index first and then out of every mapping.
#pragma once

#include "lib/list.h"
#include "lib/radix.h"
#include "lib/sleeplock.h"
#include "mm/frame.h"

struct vm_object;

// Called without the object lock and with the frame BUSY; may sleep. 0 or -errno (-EIO, -ENOSPC, -ENOMEM).
// A fault calls fill with a space's map_lock held, and whoever waits for BUSY may hold an inode's lock: these
// take no lock that ranks before RANK_OBJECT.
struct vm_object_ops {
    int (*fill)(struct vm_object *object, uint64_t index, struct frame *frame);
    int (*write_back)(struct vm_object *object, uint64_t index, struct frame *frame); // NULL: pages stay dirty
    // Of files: the page, indexed when last seen, is about to be dirtied; its storage up to the file's size, or to
    // end_bytes if that is more, is to be found now. Not BUSY, the caller has a reference. -ENOSPC; -ENXIO: truncated
    int (*before_write)(struct vm_object *object, uint64_t index, struct frame *frame, uint64_t end_bytes);
};

// O: guarded by lock. A: atomic. C: constant. L: guarded by vm_objects_lock.
struct vm_object {
    const struct vm_object_ops *ops; // C
    void *owner;                     // C  whatever ops need: an inode, a block device
    struct mutex lock;
    struct radix_tree pages;         // O  index -> struct frame, one reference each
    struct wait_queue not_busy;      // for who waits for I/O on a page
    uint64_t size_pages;             // O  pages at or beyond: no backing (SIGBUS)
    struct list_node regions;        // O  vm_region.by_object of every mapping
    uint64_t reclaim_hand;           // O  where reclaim looks next
    struct list_node node;           // L  list of all objects (audit, reclaim)
    uint64_t serial;                 // C  no other object ever has it: a name for who may outlive this one
};
// All objects: guarded by vm_objects_lock. The audit, with the other harts stopped, walks without.
extern struct list_node vm_objects;
extern struct spinlock vm_objects_lock;

void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops, void *owner,
                    uint64_t size_pages, enum lock_rank rank);
// => no region maps it; every page is dropped, dirty or not: sync first if that matters; may sleep
void vm_object_destroy(struct vm_object *object);

// The page at `index`, with a reference for the caller (frame_put when done). One that is new is filled, or else, for
// who overwrites it whole, zeroed.
// => returns 0; -ENXIO beyond the size; -ENOMEM; or what fill said.  => holds no spin lock; may sleep
[[nodiscard]] int vm_object_get(struct vm_object *object, uint64_t index, bool fill, struct frame **out);
// Pages that are cached and not BUSY, with a reference each: frames[i], NULL at first, is that of page first + i.
// Does not wait for I/O
void vm_object_peek_range(struct vm_object *object, uint64_t first, unsigned count, struct frame *frames[]);
static inline struct frame *vm_object_peek(struct vm_object *object, uint64_t index)
{
    struct frame *frame = NULL;
    vm_object_peek_range(object, index, 1, &frame);
    return frame;
}
// Is `frame`, a CACHE frame to which the caller holds a reference, what the index names at `index`? Takes no
// lock: asked under a leaf lock, see object.c
bool vm_object_indexes(const struct vm_object *object, uint64_t index, const struct frame *frame);

// After changing the page. Nothing happens when it was truncated meanwhile. => may sleep
void vm_object_mark_dirty(struct vm_object *object, struct frame *frame);
// Write all dirty pages, wait for the device. => returns the first error, having tried all; may sleep
int vm_object_sync(struct vm_object *object);
// New size: pages beyond go from the index, then from every mapping (reverse map through regions).
// => one at a time for each object (the inode's lock); may sleep
void vm_object_resize(struct vm_object *object, uint64_t size_pages);

// From pages to the leaves that name them: reverse.c. => holds object->lock, or the map_lock of the region's
// space, exclusive, and no object's lock; flushed on return
void vm_object_unmap_from(struct vm_object *object, uint64_t first_page) REQUIRES(&object->lock.lock);
void vm_object_protect_page(struct vm_object *object, struct frame *frame) REQUIRES(&object->lock.lock);
struct vm_region;
void vm_region_write_protect(struct vm_region *region, uint64_t start, uint64_t end); // what lies in it of [start, end)

extern _Atomic size_t vm_cached_pages, vm_dirty_pages; // of all objects; dirty ones that can be written back

// Reclaim. Drop up to `most` clean pages that nobody maps or uses, over all objects. => returns how many;
// never sleeps: objects that are locked are passed over
size_t vm_objects_reclaim(size_t most);
size_t vm_object_reclaim(struct vm_object *object, size_t most) REQUIRES(&object->lock.lock); // of this one
