// SPDX-License-Identifier: MIT
//
// What reclaim and swap ask of a page table. Called by mm/ with the space held in place by other means than its
// map_lock (mm/reclaim_spaces.c), while faults, fork and unmap of the space go on; contracts in
// arch/pagetable_reclaim.h.
//
// Why that is sound. The hand comes down through `upper` and takes the leaf lock before it lets go of it, as a
// reverse map does. It changes only what the others expect to change under their feet, and in two steps:
//
//     leaf loses its rights | flush on all harts | the hand comes by again: leaf: frame -> swap entry, or empty
//
// In between, the leaf names its frame: whoever unmaps, narrows, copies or moves it flushes for that reason, and who
// uses the page has it back by a fault. Were the frame taken at once, others would find nothing that needs a flush
// while harts still use the old translation: a new page there would be read and written through it, and lost.
// A private page goes when this leaf is the only one who knows it; its leaf never is empty in between. A leaf that
// mprotect has just robbed of its rights may not be flushed yet: hence a flush after the second step as well, before
// the page is written out; until then mprotect keeps faults away by map_lock.
//
// In a table that is lent the page goes for all who share it, and no hart can reach it, but in one case: a
// fork that has lent the table and not yet flushed. Harts may then use it through the parent; so it must not be
// looked at through the child, whose flush would reach nobody. A child is a space that has never run.
//
// The A bit is cleared without a flush. A hart whose TLB holds the leaf does not set it again for a while, so a page
// in use may look idle: that costs a fault, and nothing else.

#include "arch/riscv/pagetable_private.h"

#include "arch/pagetable_reclaim.h"
#include "lib/assert.h"

void pt_swap_in(struct pt_cursor *cursor, struct frame *frame, unsigned prot)
{
    ASSERT(pte_slot(atomic_load_explicit(cursor->slot, memory_order_relaxed)));
    pte_t leaf = pte_leaf(frame_address(frame), prot & ~(unsigned)PT_W, true);
    atomic_store_explicit(cursor->slot, leaf, memory_order_release);
}

// The hand comes by one leaf. => returns whether it gave up its frame
static bool reclaim_leaf(struct pt_cursor *cursor, unsigned what, struct tlb_batch *batch)
{
    pte_t leaf = atomic_load_explicit(cursor->slot, memory_order_relaxed);
    if (!(leaf & PTE_VALID))
        return false;
    struct frame *frame = leaf_frame(leaf);
    // What may be written stays until write-back has taken W: who does that must know of every store (mm/reverse.c).
    bool file = what & PT_RECLAIM_FILES && frame->kind == FRAME_CACHE && !(leaf & PTE_WRITE);
    bool anon = what & PT_RECLAIM_ANON && leaf & PTE_PRIVATE && frame_exclusive(frame);
    if (!file && !anon)
        return false;
    batch->tables |= mega_split(cursor); // hardware marks the use of each page from now on
    if (leaf & PTE_ACCESSED) {
        atomic_fetch_and_explicit(cursor->slot, ~PTE_ACCESSED, memory_order_relaxed);
        return false;
    }
    if (leaf & PTE_RIGHTS) {
        pt_narrow(cursor, 0, batch);
        return false;
    }
    if (file) {
        pt_clear(cursor, batch);
        return true;
    }
    uint32_t slot = swap_take(frame);
    if (slot) {
        atomic_exchange_explicit(cursor->slot, (pte_t)slot << 10, memory_order_acq_rel);
        tlb_batch_add(batch, cursor->va);
    }
    return slot;
}

size_t pt_reclaim(struct pagetable *pt, vaddr_t *hand, unsigned what, size_t most, struct tlb_batch *batch)
{
    size_t taken = 0;
    bool more = true;
    struct pt_cursor cursor;
    while (taken < most && (more = pt_lock_next(pt, hand, USER_END, &cursor))) {
        vaddr_t end = table_end(*hand);
        if (table_refs(cursor.table) != 1 && !atomic_load_explicit(&pt->context, memory_order_relaxed))
            *hand = end;
        for (; *hand < end && taken < most; *hand += PAGE_SIZE) {
            pt_cursor_move(&cursor, *hand);
            taken += reclaim_leaf(&cursor, what, batch);
        }
        pt_unlock(&cursor);
    }
    if (!more)
        *hand = 0;
    return taken;
}
