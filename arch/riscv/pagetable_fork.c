// SPDX-License-Identifier: MIT
//
// Classic fork of a page table: visit every leaf table of the parent and make one like it for the child.
// Called by mm/ with the parent's map_lock held exclusive; contract in arch/pagetable.h.
//
// Sibling threads of the parent go on running in user mode meanwhile. They cannot fault (map_lock), but they
// store through the writable translations that their harts hold, until the caller's flush. That is no harm:
// the child cannot run before it, so what they store belongs to the time before the fork.
//
// A truncate may come by at any time: it holds the object's lock and looks for its frame in the parent's table
// first, then in the child's. The child's table is linked before the parent's leaf lock is released; so either
// the leaf was gone before it was copied, or the copy can be found by the time truncate comes to the child.
//
//     truncate:   leaf(parent): clear F . . . . . upper(child): table there? clear F
//     fork:       upper(child) { leaf(parent) { copy F, link the child's table } }

#include "arch/riscv/pagetable_private.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "uapi/errno.h"

// FORK_COPY: frames of its own for all private memory, parent's leaves untouched. Private ANON leaves change by
// faults, which map_lock keeps out, and by reclaim, hence the lock; what that has swapped out stays shared.
// => on failure `to` holds what has been copied so far
static int copy_private_frames(struct frame *from, struct frame *to)
{
    for (vaddr_t va = 0; va < TABLE_SPAN; va += PAGE_SIZE) {
        pte_t leaf = atomic_load_explicit(table_entry(from, 0, va), memory_order_relaxed);
        if (!(leaf & PTE_PRIVATE) || leaf_frame(leaf)->kind != FRAME_ANON)
            continue;
        struct frame *copy = frame_alloc_reclaim(FRAME_ANON, 0, 0);
        if (!copy)
            return -ENOMEM;
        spin_lock(&from->table.lock);
        leaf = atomic_load_explicit(table_entry(from, 0, va), memory_order_relaxed);
        if (!pte_slot(leaf)) {
            memcpy(frame_memory(copy), frame_memory(leaf_frame(leaf)), PAGE_SIZE);
            pte_t own = pte_leaf(frame_address(copy), pte_prot(leaf), true);
            atomic_store_explicit(table_entry(to, 0, va), own, memory_order_relaxed);
        }
        spin_unlock(&from->table.lock);
        if (pte_slot(leaf))
            frame_put(copy);
    }
    return 0;
}

// One pass over the parent's leaves: the child gets each one that it has not got yet, and one more reference
// is counted. A private frame that was writable is so no longer, on either side: the next store decides.
// => holds the leaf lock of `from`; nobody else knows `to`
static void share_leaves(struct frame *from, struct frame *to, vaddr_t start, struct tlb_batch *batch)
{
    for (vaddr_t va = start; va < start + TABLE_SPAN; va += PAGE_SIZE) {
        _Atomic pte_t *parents = table_entry(from, 0, va), *childs = table_entry(to, 0, va);
        pte_t leaf = atomic_load_explicit(parents, memory_order_relaxed);
        if (!leaf || atomic_load_explicit(childs, memory_order_relaxed))
            continue;
        if ((leaf & PTE_PRIVATE) && (leaf & PTE_WRITE)) {
            atomic_fetch_and_explicit(parents, ~PTE_WRITE, memory_order_relaxed); // keeps A and D
            tlb_batch_add(batch, va);
            leaf &= ~PTE_WRITE;
        }
        leaf_get(leaf);
        atomic_store_explicit(childs, pte_slot(leaf) ? leaf : pte_fresh(leaf), memory_order_relaxed);
    }
}

// The leaf table `from`, which covers [va, va + 2 MiB) of the parent.
static int fork_leaf_table(struct frame *from, struct pagetable *child, vaddr_t va, enum fork_mode mode,
                           struct pt_spares *spares, struct tlb_batch *batch)
{
    int error = pt_spares_fill(spares);
    if (error)
        return error;
    struct frame *to = spares_take(spares); // the other one is for the level above
    if (mode == FORK_COPY && (error = copy_private_frames(from, to))) {
        leaf_table_put(to);
        return error;
    }
    spin_lock(&child->upper);
    spin_lock(&from->table.lock);
    share_leaves(from, to, va, batch);
    table_link(level1_entry(child, va, spares), to, 0);
    spin_unlock(&from->table.lock);
    spin_unlock(&child->upper);
    return 0;
}

int pt_fork(struct pagetable *parent, struct pagetable *child, enum fork_mode mode, struct tlb_batch *batch)
{
    ASSERT(batch->pt == parent && !atomic_load(&child->harts));
    struct pt_spares spares = {{NULL, NULL}};
    struct frame *table;
    int error = 0;
    for (vaddr_t va = 0; !error && (table = leaf_table_next(parent, &va, USER_END)); va += TABLE_SPAN)
        error = fork_leaf_table(table, child, va, mode, &spares, batch);
    pt_spares_release(&spares);
    return error;
}
