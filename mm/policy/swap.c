// SPDX-License-Identifier: MIT
//
// The page is on the swap device: read it, put it back without W (docs/LENDING.md, rule 25). Whoever wants to
// write looks again then, and mostly may claim: what was swapped was private, and only fork can change that.
//
// It is read with no spin lock held, so the slot might be freed meanwhile by another thread's fault, used for
// another page, and come to stand in this very leaf again. Hence the fault holds a reference to the slot
// from before it reads until it is over: as long as it does, the same number means the same page.

#include "arch/pagetable_reclaim.h"
#include "mm/fault.h"
#include "mm/frame.h"
#include "mm/swap.h"
#include "uapi/errno.h"

enum vm_step policy_swap(struct vm_fault *fault)
{
    uint32_t slot = fault->leaf.slot;
    if (fault->slot == slot && fault->swapped) {
        pt_swap_in(&fault->cursor, fault->swapped, fault->region->prot & ~(unsigned)PT_X);
        swap_put(slot); // the leaf's; ours goes at the end of the fault
        fault->swapped = NULL;
        return STEP_AGAIN;
    }
    if (fault->slot != slot) {
        swap_put(fault->slot);
        swap_get(fault->slot = slot);
    }
    return STEP_NEED_SWAP;
}

enum vm_fault_result fault_get_swapped(struct vm_fault *fault)
{
    frame_let_go(&fault->swapped);
    int error = swap_read(fault->slot, &fault->swapped);
    return error == -ENOMEM ? VM_FAULT_NO_MEMORY : error ? VM_FAULT_NO_BACKING : VM_FAULT_OK;
}
