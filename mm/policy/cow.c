// SPDX-License-Identifier: MIT
//
// Copy-on-write: a write to private memory whose leaf does not allow it. mm/decide.c has asked the one
// question there is, pt_exclusive(): does any other leaf, table or holder know this frame (R5)?
//
//   claim  nobody does: the page is ours already, only W is missing.
//   copy   somebody does, or it is a file's page, or the zero page: write into a frame of our own.
//
// Why a copy is not writable at once. Another hart that runs this space may still read the old frame through
// its TLB. Were the new frame written now, that hart could see the write (through memory the two agree on) and
// then read the old value: time running backwards. So, R5 and docs/LENDING.md, rule 16:
//
//      leaf = copy, read-only, BUSY | leaf lock dropped | flush on all harts | put old frame | BUSY cleared
//                                                                                  look again: claim
//
// BUSY keeps everybody from claiming or copying the new frame before the flush is over; they wait. The frame
// cannot go away meanwhile, for map_lock is held: no unmap, no fork, and truncation does not touch ANON frames.
// If no hart but this one may hold a translation of the space, nobody can look: the copy is writable at once.

#include "arch/cpu.h"
#include "lib/string.h"
#include "mm/fault.h"
#include "mm/frame.h"

// Every hart that loads this table from now on sees the leaf just stored: it sets its bit in the mask first,
// fences, and then loads (docs/LENDING.md, rule 26); we have stored, fence, and then read the mask.
static bool only_this_hart(const struct pagetable *pt)
{
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t others = ~((uint64_t)1 << this_hart()->index);
    return !(atomic_load_explicit(&pt->harts, memory_order_relaxed) & others);
}

// Nothing here yet: file page to copy. No hart can hold a translation, so there is nothing to flush.
static enum vm_step copy_absent(struct vm_fault *fault)
{
    if (!fault_has_page(fault))
        return STEP_NEED_PAGE;
    memcpy(frame_memory(fault->spare), frame_memory(fault->page), PAGE_SIZE);
    pt_install(&fault->cursor, fault->spare, fault->region->prot & ~(unsigned)PT_X, true);
    fault->spare = NULL;
    return fault->access == VM_EXEC ? STEP_AGAIN : STEP_DONE;
}

enum vm_step policy_copy(struct vm_fault *fault)
{
    struct frame *old = fault->leaf.frame;
    if (old && atomic_load_explicit(&old->flags, memory_order_acquire) & FRAME_BUSY && old->kind == FRAME_ANON)
        return STEP_WAIT; // another hart's copy, not flushed yet
    if (!fault->spare)
        return STEP_NEED_SPARE;
    if (!old)
        return copy_absent(fault);

    memcpy(frame_memory(fault->spare), frame_memory(old), PAGE_SIZE);
    unsigned prot = fault->region->prot & ~(unsigned)PT_X;
    struct frame *copy = fault->spare;
    fault->spare = NULL;
    atomic_store_explicit(&copy->flags, FRAME_BUSY, memory_order_relaxed);
    pt_replace(&fault->cursor, copy, prot & ~(unsigned)PT_W, &fault->batch);
    if (!only_this_hart(&fault->space->pt)) {
        fault->busy = copy;
        return STEP_AGAIN;
    }
    atomic_store_explicit(&copy->flags, 0, memory_order_relaxed);
    pt_widen(&fault->cursor, prot, &fault->batch);
    return STEP_DONE;
}

// With its neighbours: where one page has come back to us, the others mostly have, too.
enum vm_step policy_claim(struct vm_fault *fault)
{
    const struct vm_region *region = fault->region;
    pt_claim(&fault->cursor, region->start, region->end, region->prot & (PT_R | PT_W));
    return STEP_DONE;
}
