// SPDX-License-Identifier: MIT
//
// The leaf is there, and nothing stands against the access. On RISC-V that is an ordinary event:
//
//   - another hart has just resolved the same fault;
//   - this hart's TLB holds the leaf as it was before it was given more rights, or remembers that there was
//     none (privileged spec 4.3.2 allows both until an sfence.vma);
//   - the hart does not set A and D itself but leaves that to us (4.3.1);
//   - mprotect gave the region rights that the leaf does not have yet;
//   - the first instruction is fetched from a page: X is granted here and nowhere else, once every hart has
//     forgotten what it may have fetched from this frame in an earlier life.

#include "mm/fault.h"

enum vm_step policy_spurious(struct vm_fault *fault)
{
    unsigned prot = fault->leaf.prot | (fault->region->prot & PT_R);
    if (fault->access == VM_EXEC && !(prot & PT_X)) {
        if (fault->synced != fault->leaf.frame)
            return STEP_NEED_SYNC;
        prot |= PT_X;
    }
    if (prot != fault->leaf.prot)
        pt_widen(&fault->cursor, prot, &fault->batch);
    pt_touch(&fault->cursor, fault->access == VM_WRITE);
    return STEP_DONE;
}
