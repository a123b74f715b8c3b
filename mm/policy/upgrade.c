// SPDX-License-Identifier: MIT
//
// A write to a shared page that may not be written yet. From here on the hart stores without asking; so before
// it may, storage is found for the page (a full disk is told now, by SIGBUS, not to nobody later) and the page
// is marked dirty. Write-back takes both away again, mark and W; why no store gets lost is told in reverse.c.

#include "mm/fault.h"
#include "mm/frame.h"
#include "mm/object.h"

int fault_before_write(struct vm_fault *fault)
{
    struct vm_object *object = fault->region->object;
    uint64_t index = vm_region_object_index(fault->region, fault->va);
    struct frame *frame;
    int error = vm_object_get(object, index, true, &frame);
    if (error)
        return error;
    error = object->ops->before_write(object, index, frame, 0);
    if (!error)
        vm_object_mark_dirty(object, frame);
    frame_put(frame);
    return error;
}

enum vm_step policy_upgrade(struct vm_fault *fault)
{
    struct frame *frame = fault->leaf.frame;
    if (!(atomic_load_explicit(&frame->flags, memory_order_relaxed) & FRAME_DIRTY))
        return STEP_NEED_WRITE;
    pt_widen(&fault->cursor, fault->leaf.prot | (fault->region->prot & (PT_R | PT_W)), &fault->batch);
    return STEP_DONE;
}
