// SPDX-License-Identifier: MIT
//
// What a program says about its memory and asks of it, without changing what is mapped: discard (madvise
// DONTNEED), and which pages are resident (mincore). Ranges are page aligned.

#include "mm/frame.h"
#include "mm/object.h"
#include "mm/space.h"
#include "uapi/errno.h"

// => holds map_lock exclusive
static int discard(struct vm_space *space, vaddr_t start, vaddr_t end, bool only_private)
{
    struct vm_region *first = vm_region_at_or_after(space, start), *region;
    for (region = first; region && region->start < end; region = vm_region_next(region))
        if (only_private && region->kind != VM_ANON && region->kind != VM_STACK)
            return -EINVAL;
    vaddr_t stop = end < USER_END ? end : USER_END;
    int error = pt_own_cut(&space->pt, start, stop);
    if (error)
        return error;
    for (region = first; region && region->start < end; region = vm_region_next(region))
        vm_region_write_protect(region, start, end);
    pt_clear_range(&space->pt, start, stop);
    return vm_check_range(space, start, end, 0);
}

int vm_discard(struct vm_space *space, vaddr_t start, vaddr_t end, bool only_private)
{
    if (start >= USER_END)
        return -ENOMEM;
    rwlock_write(&space->map_lock);
    int error = discard(space, start, end, only_private);
    rwlock_write_unlock(&space->map_lock);
    return error;
}

static bool is_resident(struct vm_region *region, vaddr_t va)
{
    struct pt_cursor cursor;
    struct frame *frame = NULL;
    if (pt_lock_existing(&region->space->pt, va, &cursor)) {
        frame = pt_read(&cursor).frame;
        pt_unlock(&cursor);
    }
    if (!frame && region->object && (frame = vm_object_peek(region->object, vm_region_object_index(region, va))))
        frame_put(frame);
    return frame;
}

int vm_resident(struct vm_space *space, vaddr_t start, vaddr_t end, uint8_t *vector)
{
    rwlock_read(&space->map_lock);
    int error = vm_check_range(space, start, end, 0);
    struct vm_region *region = vm_region_find(space, start);
    for (vaddr_t va = start; !error && va < end; va += PAGE_SIZE) {
        if (va == region->end)
            region = vm_region_next(region);
        vector[(va - start) >> PAGE_SHIFT] = is_resident(region, va);
    }
    rwlock_read_unlock(&space->map_lock);
    return error;
}
