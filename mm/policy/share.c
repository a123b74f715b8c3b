// SPDX-License-Identifier: MIT
//
// A file page that is not here yet: map the cached frame, read-only. The region is private, so whoever writes
// to it later gets a copy (cow.c); all who only read share the one frame of the page cache.

#include "mm/fault.h"
#include "mm/object.h"

enum vm_step policy_share(struct vm_fault *fault)
{
    // Got before the leaf lock, and truncated since? Asked under it: see the header of mm/object.c.
    if (!fault->page || !vm_object_indexes(fault->region->object, fault->page))
        return STEP_NEED_PAGE;
    pt_install(&fault->cursor, fault->page, fault->region->prot & ~(unsigned)(PT_W | PT_X), true);
    fault->page = NULL; // the leaf has our reference now
    return fault->access == VM_EXEC ? STEP_AGAIN : STEP_DONE;
}
