// SPDX-License-Identifier: MIT
//
// Demand zero in pieces of 2 MiB: the first touch of an aligned span, in a region for which that is wanted, gets all
// of it at once if there is a free block so large. It is no more than an offer: where there is none, or something is
// in the span already, pages come one by one as ever. What becomes of it later is told in arch, pagetable_mega.c.

#include "mm/fault.h"
#include "mm/frame.h"

bool vm_mega_follow[] = {[MEGA_DEFAULT] = false, [MEGA_WANTED] = true, [MEGA_UNWANTED] = false};

static bool is_wanted(const struct vm_fault *fault)
{
    const struct vm_region *region = fault->region;
    vaddr_t start = fault->va & ~(TABLE_SPAN - 1);
    return vm_mega_follow[region->mega] && region->kind == VM_ANON && region->prot & PT_W &&
           fault->access != VM_EXEC && !fault->mega_denied && start >= region->start &&
           region->end - start >= TABLE_SPAN && pt_mega_possible(&fault->cursor);
}

void fault_get_block(struct vm_fault *fault)
{
    fault->block = frame_alloc(FRAME_ANON, TABLE_SPAN_ORDER, ALLOC_ZERO);
    fault->mega_denied = !fault->block;
}

enum vm_step policy_mega(struct vm_fault *fault)
{
    if (!is_wanted(fault))
        return policy_zero(fault);
    if (!fault->block)
        return STEP_NEED_BLOCK;
    pt_mega_install(&fault->cursor, fault->block, fault->region->prot & ~(unsigned)PT_X);
    fault->block = NULL;
    return STEP_DONE;
}

int vm_advise_mega(struct vm_space *space, vaddr_t start, vaddr_t end, enum vm_mega advice)
{
    rwlock_write(&space->map_lock);
    int error = vm_check_range(space, start, end, 0);
    if (!error)
        error = vm_isolate(space, start, end);
    struct vm_region *region = error ? NULL : vm_region_find(space, start);
    for (; region && region->start < end; region = vm_region_next(region))
        region->mega = advice;
    vm_region_merge(space, start, end);
    rwlock_write_unlock(&space->map_lock);
    return error;
}
