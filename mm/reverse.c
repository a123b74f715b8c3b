// SPDX-License-Identifier: MIT
//
// The reverse map: from an object's pages to the leaves that name them, through the object's list of regions.
// Truncation takes such leaves away, write-back and unmap take W from those of shared regions. Private copies
// are not the object's and stay.
//
// A store to a shared page needs no fault once its leaf has W. policy_upgrade gives W only while the frame is marked
// FRAME_DIRTY, both seen under the leaf lock; write-back clears the mark first, then takes W from each leaf under its
// lock, flushes, and only then reads. Whoever comes second to the leaf lock sees the other (docs/LOCKING.md).
//
// A leaf without W is no proof that no hart can store: its flush may be to come. All who take W from a shared leaf
// therefore flush before they let go of the object's lock, unmap and protect among them: they come here first.

#include "lib/assert.h"
#include "mm/object.h"
#include "mm/space.h"

enum { NOTHING, ALL_BUT_WRITE = PT_R | PT_X }; // what a leaf keeps

// A private copy is not the object's.
static void revoke_leaf(struct pt_cursor *cursor, unsigned keep, struct tlb_batch *batch)
{
    struct pt_leaf leaf = pt_read(cursor);
    if (!leaf.frame || leaf.frame->kind != FRAME_CACHE)
        return;
    if (keep)
        pt_narrow(cursor, keep, batch);
    else
        pt_clear(cursor, batch);
}

// Every leaf in [start, end) of the region that names a page of its object is emptied, or loses W.
// => holds the object's lock; flushed on return
static void revoke(struct vm_region *region, vaddr_t start, vaddr_t end, unsigned keep)
{
    ASSERT(rwlock_held_for_write(&region->object->lock.lock));
    pt_change_range(&region->space->pt, start, end, revoke_leaf, keep);
}

void vm_object_unmap_from(struct vm_object *object, uint64_t first_page)
{
    list_for_each(node, &object->regions) {
        struct vm_region *region = container_of(node, struct vm_region, by_object);
        uint64_t pages = (region->end - region->start) >> PAGE_SHIFT;
        uint64_t keep = first_page > region->object_page ? first_page - region->object_page : 0;
        if (keep < pages)
            revoke(region, region->start + (keep << PAGE_SHIFT), region->end, NOTHING);
    }
}

// The index and the caller hold one reference each: when there are no more, no leaf names the page, and a fault
// that is about to map it has still to ask the object (R2).
void vm_object_protect_page(struct vm_object *object, struct frame *frame)
{
    if (atomic_load_explicit(&frame->refs, memory_order_acquire) <= 2)
        return;
    list_for_each(node, &object->regions) {
        struct vm_region *region = container_of(node, struct vm_region, by_object);
        uint64_t page = frame->cache.index - region->object_page; // huge when it lies below
        vaddr_t va = region->start + (page << PAGE_SHIFT);
        if (region->kind == VM_SHARED && page < (region->end - region->start) >> PAGE_SHIFT)
            revoke(region, va, va + PAGE_SIZE, ALL_BUT_WRITE);
    }
}

void vm_region_write_protect(struct vm_region *region, vaddr_t start, vaddr_t end)
{
    if (region->kind != VM_SHARED || !(region->prot & PT_W))
        return;
    vm_region_lock_object(region);
    revoke(region, start > region->start ? start : region->start, end < region->end ? end : region->end,
           ALL_BUT_WRITE);
    vm_region_unlock_object(region);
}
