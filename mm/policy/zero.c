// SPDX-License-Identifier: MIT
//
// Demand zero: nothing is here yet, and it should read as zero. Reads get the one zero page of the machine,
// read-only; a write gets a zeroed frame of its own at once, so that memory which is only read costs nothing
// and memory which is written costs one fault.

#include "lib/string.h"
#include "mm/fault.h"
#include "mm/frame.h"

enum vm_step policy_zero(struct vm_fault *fault)
{
    unsigned prot = fault->region->prot & ~(unsigned)PT_X;
    if (fault->access != VM_WRITE) {
        struct frame *zero = frame_span.zero_page;
        frame_get(zero); // immortal: for the form
        pt_install(&fault->cursor, zero, prot & ~(unsigned)PT_W, true);
        return fault->access == VM_EXEC ? STEP_AGAIN : STEP_DONE;
    }
    if (!fault->spare)
        return STEP_NEED_SPARE;
    memset(frame_memory(fault->spare), 0, PAGE_SIZE);
    pt_install(&fault->cursor, fault->spare, prot, true);
    fault->spare = NULL;
    return STEP_DONE;
}
