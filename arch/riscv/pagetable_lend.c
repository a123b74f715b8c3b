// SPDX-License-Identifier: MIT
//
// Fork without walking memory: leaf tables are lent, not copied. The protocol, with a drawing for each step, is
// docs/LENDING.md; "rule N" below is its rule N. Called by mm/fork.c and by whoever needs a leaf table of his own.
//
//   before           fork: lend             child touches: copy        child is gone: adopt
//   parent -> T      parent ..> T           parent ..> T (count 1)     parent -> T
//                    child  ..> T           child   -> T'              (every W bit as it was)
//                    T counted twice        W gone from both           one fault per 2 MiB
//
//   ->  LINKED, hardware walks it       ..>  LENT, hardware stops here (V=0), we go on
//
// Two things make it right. No hardware reaches a table that is named twice (docs/LENDING.md, rules 7 and 8),
// so nobody can store through a leaf in it, whatever its W says. And to own a table, alone or by a copy, is
// one decision under its lock: the count is 1, so nobody else can name it any more (R2), or it is not.

#include "arch/riscv/pagetable_private.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "uapi/errno.h"

// A table with fewer leaves is copied at once: the trap in which the child, or the parent, would take it back
// costs more. Measured: docs/LENDING.md.
#define LEND_LEAVES_LEAST 64
unsigned pt_lend_least = LEND_LEAVES_LEAST;

// --- own -------------------------------------------------------------------------------------------------

static void copy_bounds(struct frame *to, const struct frame *from)
{
    to->table.live = from->table.live;
    to->table.low = from->table.low;
    to->table.high = from->table.high;
}

// Both tables show the same pages from now on. A private one can be written in neither: the next store to it
// decides who gets which frame. Plain stores would do for `from`, which no hardware reaches.
// => holds the leaf lock of `from`; nobody else knows `to`
static void copy_leaves(struct frame *from, struct frame *to)
{
    _Atomic pte_t *source = frame_memory(from), *target = frame_memory(to);
    for (unsigned i = from->table.low, left = from->table.live; left; i++) {
        pte_t leaf = atomic_load_explicit(&source[i], memory_order_relaxed);
        if (!leaf)
            continue;
        left--;
        if ((leaf & PTE_PRIVATE) && (leaf & PTE_WRITE)) {
            leaf &= ~PTE_WRITE;
            atomic_store_explicit(&source[i], leaf, memory_order_relaxed);
        }
        leaf_get(leaf);
        atomic_store_explicit(&target[i], pte_slot(leaf) ? leaf : pte_fresh(leaf), memory_order_relaxed);
    }
    mega_forget(from);
    copy_bounds(to, from);
}

// docs/LENDING.md, rule 13. No flush: V goes from 0 to 1 only.
struct frame *lent_table_own(_Atomic pte_t *entry, struct frame **spare, struct frame **left)
{
    struct frame *lent = named_table(entry), *own = lent;
    spin_lock(&lent->table.lock);
    if (table_refs(lent) > 1 && (own = take_spare(spare))) {
        copy_leaves(lent, own);
        *left = lent;
    }
    if (own) // release: what is in it is complete before hardware can come
        atomic_store_explicit(entry, table_entry_for(own), memory_order_release);
    spin_unlock(&lent->table.lock);
    return own;
}

int leaf_table_own_filling(struct pagetable *pt, vaddr_t va, struct frame **spare)
{
    int error = 0;
    while (!error && !leaf_table_own(pt, va, spare))
        error = pt_spare_fill(spare);
    return error;
}

int pt_own_range(struct pagetable *pt, vaddr_t start, vaddr_t end)
{
    struct frame *spare = NULL;
    _Atomic pte_t *entry;
    int error = 0;
    for (vaddr_t va = start; !error && (entry = leaf_table_next(pt, &va, end)); va = table_end(va))
        error = leaf_table_own_filling(pt, va, &spare);
    frame_let_go(&spare);
    return error;
}

// --- fork ------------------------------------------------------------------------------------------------

// docs/LENDING.md, rule 5.
int pt_lend_prepare(struct pagetable *parent, struct pagetable *child)
{
    ASSERT(!atomic_load(&child->harts));
    struct frame *spare = NULL;
    _Atomic pte_t *entry;
    int error = 0;
    for (vaddr_t va = 0; !error && (entry = leaf_table_next(parent, &va, USER_END)); va = level1_end(va)) {
        error = pt_spare_fill(&spare);
        spin_lock(&child->upper);
        if (!error)
            level1_table(child, va, &spare);
        spin_unlock(&child->upper);
    }
    frame_let_go(&spare);
    return error;
}

// One that was lent before is none of the sparse: a copy would not give it back to the parent.
static void note_sparse(struct pt_lending *lending, const struct frame *table, vaddr_t va)
{
    // A hint, and read as one: a truncation may be at work in the table.
    unsigned live = __atomic_load_n(&table->table.live, __ATOMIC_RELAXED);
    if (live < pt_lend_least && lending->sparse_count < PT_SPARSE_MOST)
        lending->sparse[lending->sparse_count++] = va;
}

// docs/LENDING.md, rule 7, for the leaf tables below one level-1 table, whose addresses begin at `base`. Not the
// parent's `upper`: map_lock keeps out who would own, and a reverse map reads LINKED and LENT alike.
// => holds the child's `upper`, for reclaim may be looking; returns whether something was LINKED
static bool lend_tables(struct frame *parents, struct frame *childs, vaddr_t base, struct pt_lending *lending)
{
    _Atomic pte_t *from = frame_memory(parents), *to = frame_memory(childs);
    bool was_linked = false;
    for (unsigned i = parents->table.low, left = parents->table.live; left; i++) {
        struct frame *table = named_table(&from[i]);
        if (!table)
            continue;
        left--;
        pte_t lent = pte_lent(frame_address(table));
        frame_get(table);
        atomic_store_explicit(&to[i], lent, memory_order_relaxed);
        if (atomic_load_explicit(&from[i], memory_order_relaxed) == lent)
            continue;
        atomic_store_explicit(&from[i], lent, memory_order_relaxed);
        was_linked = true;
        note_sparse(lending, table, base + i * TABLE_SPAN);
    }
    copy_bounds(childs, parents);
    return was_linked;
}

// docs/LENDING.md, rules 7 and 8 (the caller finishes the batch).
void pt_lend(struct pagetable *parent, struct pagetable *child, struct pt_lending *lending, struct tlb_batch *batch)
{
    _Atomic pte_t *entry;
    ASSERT(batch->pt == parent);
    lending->sparse_count = 0;
    for (vaddr_t va = 0; (entry = leaf_table_next(parent, &va, USER_END)); va = level1_end(va)) {
        struct frame *parents = linked_table(table_entry(parent->root, 2, va));
        struct frame *childs = linked_table(table_entry(child->root, 2, va));
        spin_lock(&child->upper);
        batch->tables |= lend_tables(parents, childs, level1_end(va) - TABLE_SPAN * TABLE_ENTRIES, lending);
        spin_unlock(&child->upper);
    }
}

// Frames of its own for all private memory of a child's table; what is swapped out stays shared. The child has
// never run, so nothing needs a flush, and its private leaves change by reclaim alone: hence the lock.
static int copy_private_frames(struct frame *table)
{
    _Atomic pte_t *entries = frame_memory(table);
    for (unsigned i = table->table.low; i < table->table.high; i++) {
        pte_t leaf = atomic_load_explicit(&entries[i], memory_order_relaxed);
        if (!(leaf & PTE_PRIVATE) || leaf_frame(leaf)->kind != FRAME_ANON)
            continue;
        struct frame *copy = frame_alloc_reclaim(FRAME_ANON, 0, 0), *left = copy;
        if (!copy)
            return -ENOMEM;
        spin_lock(&table->table.lock);
        leaf = atomic_load_explicit(&entries[i], memory_order_relaxed);
        if (!pte_slot(leaf)) {
            left = leaf_frame(leaf);
            memcpy(frame_memory(copy), frame_memory(left), PAGE_SIZE);
            pte_t own = pte_leaf(frame_address(copy), pte_prot(leaf), true);
            atomic_store_explicit(&entries[i], own, memory_order_relaxed);
        }
        spin_unlock(&table->table.lock);
        frame_put(left);
    }
    return 0;
}

// docs/LENDING.md, rule 10 for one table: a copy for the child; the parent takes back what is his alone now.
static int settle_table(struct pagetable *parent, struct pagetable *child, vaddr_t va, enum fork_mode mode)
{
    int error = pt_own_range(child, va, va + PAGE_SIZE);
    if (error)
        return error;
    struct frame *none = NULL;
    (void)leaf_table_own(parent, va, &none); // NULL: lent to somebody else before, and stays so
    return mode == FORK_COPY ? copy_private_frames(leaf_table_own(child, va, &none)) : 0;
}

int pt_lend_settle(struct pagetable *parent, struct pagetable *child, const struct pt_lending *lending,
                   enum fork_mode mode)
{
    int error = 0;
    if (mode == FORK_LEND)
        for (unsigned i = 0; !error && i < lending->sparse_count; i++)
            error = settle_table(parent, child, lending->sparse[i], mode);
    else
        for (vaddr_t va = 0; !error && leaf_table_next(child, &va, USER_END); va = table_end(va))
            error = settle_table(parent, child, va, mode);
    return mode == FORK_COPY ? error : 0; // no memory for a copy: what is lent is right, too
}
