// SPDX-License-Identifier: MIT
//
// A file page that is not here yet: map the cached frame, read-only. The region is private, so whoever writes
// to it later gets a copy (cow.c); all who only read share the one frame of the page cache.

#include "mm/fault.h"

enum vm_step policy_share(struct vm_fault *fault)
{
    if (!fault_has_page(fault))
        return STEP_NEED_PAGE;
    pt_install(&fault->cursor, fault->page, fault->region->prot & ~(unsigned)(PT_W | PT_X), true);
    fault->page = NULL; // the leaf has our reference now
    return fault->access == VM_EXEC ? STEP_AGAIN : STEP_DONE;
}
