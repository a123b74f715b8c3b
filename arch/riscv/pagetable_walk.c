// SPDX-License-Identifier: MIT
//
// Page tables, many pages at a time: change or clear a range, or show it to somebody. All walks go from leaf
// table to leaf table and skip what is not there by the 2 MiB or by the GiB. Contracts in arch/pagetable.h.
// Called by mm/ (unmap, protect, memmap, audit).

#include "arch/riscv/pagetable_private.h"

static pte_t leaf_in(struct frame *table, vaddr_t va)
{
    return atomic_load_explicit(table_entry(table, 0, va), memory_order_relaxed);
}

// Where a walk towards `end` leaves the leaf table that covers va.
static vaddr_t stop_in_table(vaddr_t va, vaddr_t end)
{
    return end < table_end(va) ? end : table_end(va);
}

// --- change ----------------------------------------------------------------------------------------------

static void change_range(struct pagetable *pt, vaddr_t start, vaddr_t end, pt_changer change, unsigned prot,
                         struct tlb_batch *batch)
{
    struct pt_cursor cursor;
    for (vaddr_t va = start; pt_lock_next(pt, &va, end, &cursor);) {
        for (vaddr_t stop = stop_in_table(va, end); va < stop && !tlb_batch_full(batch); va += PAGE_SIZE) {
            pt_cursor_move(&cursor, va);
            if (atomic_load_explicit(cursor.slot, memory_order_relaxed))
                change(&cursor, prot, batch);
        }
        pt_unlock(&cursor);
        if (tlb_batch_full(batch))
            tlb_batch_finish(batch);
    }
}

void pt_change_range(struct pagetable *pt, vaddr_t start, vaddr_t end, pt_changer change, unsigned prot)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, pt);
    change_range(pt, start, end, change, prot, &batch);
    tlb_batch_finish(&batch);
}

// --- clear -----------------------------------------------------------------------------------------------

// Is there a leaf in this table that is not in [start, end)? map_lock is held exclusive, so nothing is added, and
// what a truncation takes away meanwhile can only turn a yes into a no.
static bool table_used_outside(struct frame *table, vaddr_t start, vaddr_t end)
{
    if (end - start == TABLE_SPAN)
        return false;
    unsigned inside = 0;
    spin_lock(&table->table.lock);
    for (vaddr_t va = start; va < end; va += PAGE_SIZE)
        inside += leaf_in(table, va) != 0;
    bool outside = table->table.live > inside;
    spin_unlock(&table->table.lock);
    return outside;
}

// The whole table leaves by the batch as one reference, its leaves untouched: one flush instead of one per
// batch of frames, and none for a lent one, which no hart can reach. A reverse map may still be in it, so we
// wait for the leaf lock once; no other can come, as its way in leads through `upper`.
static void unlink_table(struct pagetable *pt, struct frame *table, vaddr_t va, struct tlb_batch *batch)
{
    if (tlb_batch_full(batch))
        tlb_batch_finish(batch);
    spin_lock(&pt->upper);
    spin_lock(&table->table.lock);
    struct frame *level1 = level1_table(pt, va, NULL);
    pte_t entry = atomic_exchange_explicit(table_entry(level1, 1, va), 0, memory_order_relaxed);
    table_entry_removed(level1);
    spin_unlock(&table->table.lock);
    spin_unlock(&pt->upper);
    batch->tables |= (entry & PTE_VALID) != 0;
    tlb_batch_hold(batch, table);
}

// docs/LENDING.md, rule 19: at most the two tables at the ends are cut.
int pt_own_cut(struct pagetable *pt, vaddr_t start, vaddr_t end)
{
    const vaddr_t ends[] = {start, end - PAGE_SIZE};
    int error = 0;
    for (unsigned i = 0; i < 2 && !error; i++) {
        vaddr_t va = ends[i], first = table_end(va) - TABLE_SPAN;
        _Atomic pte_t *entry = leaf_table_next(pt, &va, va + PAGE_SIZE);
        vaddr_t from = start > first ? start : first;
        if (entry && !linked_table(entry) && table_used_outside(named_table(entry), from, stop_in_table(va, end)))
            error = pt_own_range(pt, va, va + PAGE_SIZE);
    }
    return error;
}

static void clear(struct pt_cursor *cursor, unsigned, struct tlb_batch *batch)
{
    pt_clear(cursor, batch);
}

void pt_clear_range(struct pagetable *pt, vaddr_t start, vaddr_t end)
{
    struct tlb_batch batch;
    _Atomic pte_t *entry;
    tlb_batch_init(&batch, pt);
    for (vaddr_t va = start; (entry = leaf_table_next(pt, &va, end)); va = table_end(va)) {
        vaddr_t stop = stop_in_table(va, end);
        if (!table_used_outside(named_table(entry), va, stop))
            unlink_table(pt, named_table(entry), va, &batch);
        else
            change_range(pt, va, stop, clear, 0, &batch);
    }
    tlb_batch_finish(&batch);
}

// --- show ------------------------------------------------------------------------------------------------

static void show_leaves(struct frame *table, vaddr_t start, vaddr_t end, pt_leaf_visitor visit, void *context)
{
    bool lent = table_refs(table) > 1;
    spin_lock(&table->table.lock);
    for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
        struct pt_leaf leaf = leaf_decode(leaf_in(table, va));
        leaf.shared = leaf.frame && (lent || atomic_load_explicit(&leaf.frame->refs, memory_order_relaxed) > 1);
        if (leaf.class != PT_ABSENT)
            visit(context, va, &leaf);
    }
    spin_unlock(&table->table.lock);
}

// `upper` is let go of between tables, or a large space would keep faults of other threads waiting.
void pt_for_each_leaf(struct pagetable *pt, vaddr_t start, vaddr_t end, pt_leaf_visitor visit, void *context)
{
    _Atomic pte_t *entry;
    for (vaddr_t va = start; va < end; va = table_end(va)) {
        spin_lock(&pt->upper);
        if ((entry = leaf_table_next(pt, &va, end)))
            show_leaves(named_table(entry), va, stop_in_table(va, end), visit, context);
        spin_unlock(&pt->upper);
        if (!entry)
            break;
    }
}

void pt_table_leaves(struct frame *table, pt_leaf_visitor visit, void *context)
{
    show_leaves(table, 0, TABLE_SPAN, visit, context);
}

void pt_for_each_table(struct pagetable *pt, void (*visit)(void *context, struct frame *table, unsigned level),
                       void *context)
{
    _Atomic pte_t *entry;
    spin_lock(&pt->upper);
    visit(context, pt->root, 2);
    for (vaddr_t va = 0; va < USER_END; va = level1_end(va)) {
        struct frame *level1 = linked_table(table_entry(pt->root, 2, va));
        if (level1)
            visit(context, level1, 1);
    }
    for (vaddr_t va = 0; (entry = leaf_table_next(pt, &va, USER_END)); va = table_end(va))
        visit(context, named_table(entry), 0);
    spin_unlock(&pt->upper);
}
