// SPDX-License-Identifier: MIT
//
// An object's page that is not here yet: map its frame, read-only. In a private region whoever writes to it
// later gets a copy (cow.c), in a shared one he writes to this frame (upgrade.c); all who only read share it.
//
// Who reads one page of a file will most likely read the next. So the neighbours that are in the page cache
// anyhow are mapped along with it, as long as that costs nothing: no I/O, no allocation, no table but this one.
// They were got, with references, under the object's lock; under the leaf lock each is looked up again, as the
// page itself is.

#include "mm/fault.h"
#include "mm/frame.h"
#include "mm/object.h"

// The window is aligned, so it lies in one leaf table.
static vaddr_t window_start(const struct vm_fault *fault)
{
    vaddr_t start = fault->va & ~(AROUND_PAGES * PAGE_SIZE - 1);
    return start > fault->region->start ? start : fault->region->start;
}

void fault_put_neighbours(struct vm_fault *fault)
{
    for (unsigned i = 0; i < AROUND_PAGES; i++)
        frame_let_go(&fault->around[i]);
}

void fault_get_neighbours(struct vm_fault *fault)
{
    fault_put_neighbours(fault);
    uint64_t first = vm_region_object_index(fault->region, window_start(fault));
    vm_object_peek_range(fault->region->object, first, AROUND_PAGES, fault->around);
}

static void map_neighbours(struct vm_fault *fault, unsigned prot)
{
    struct vm_region *region = fault->region;
    vaddr_t start = window_start(fault), end = (start | (AROUND_PAGES * PAGE_SIZE - 1)) + 1;
    struct pt_cursor cursor = fault->cursor;
    for (vaddr_t va = start; va < end && va < region->end; va += PAGE_SIZE) {
        struct frame **frame = &fault->around[(va - start) >> PAGE_SHIFT];
        if (!*frame || !vm_object_indexes(region->object, vm_region_object_index(region, va), *frame))
            continue;
        pt_cursor_move(&cursor, va);
        if (pt_read(&cursor).class != PT_ABSENT)
            continue;
        pt_install(&cursor, *frame, prot, region->kind != VM_SHARED);
        *frame = NULL; // the leaf has our reference now
    }
}

enum vm_step policy_share(struct vm_fault *fault)
{
    if (!fault_has_page(fault))
        return STEP_NEED_PAGE;
    unsigned prot = fault->region->prot & ~(unsigned)(PT_W | PT_X);
    pt_install(&fault->cursor, fault->page, prot, fault->region->kind != VM_SHARED);
    fault->page = NULL;
    map_neighbours(fault, prot);
    return fault->access == VM_READ ? STEP_DONE : STEP_AGAIN;
}
