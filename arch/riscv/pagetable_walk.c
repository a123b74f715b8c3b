// SPDX-License-Identifier: MIT
//
// Page tables, many pages at a time: clear or narrow a range, or show it to somebody. All walks go from leaf
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

// --- clear -----------------------------------------------------------------------------------------------

// Is there a leaf in this table that is not in [start, end)? map_lock is held exclusive, so nothing is added.
static bool table_used_outside(struct frame *table, vaddr_t start, vaddr_t end)
{
    vaddr_t first = table_end(start) - TABLE_SPAN;
    for (vaddr_t va = first; va < first + TABLE_SPAN; va += PAGE_SIZE)
        if ((va < start || va >= end) && leaf_in(table, va))
            return true;
    return false;
}

// The whole table leaves by the batch as one reference, its leaves untouched: one flush instead of one per
// batch of frames. A reverse map may still be in it, so we wait for the leaf lock once; no other can come,
// as its way in leads through `upper`.
static void unlink_table(struct pagetable *pt, struct frame *table, vaddr_t va, struct tlb_batch *batch)
{
    if (tlb_batch_full(batch))
        tlb_batch_finish(batch);
    spin_lock(&pt->upper);
    spin_lock(&table->table.lock);
    atomic_exchange_explicit(level1_entry(pt, va, NULL), 0, memory_order_relaxed);
    spin_unlock(&table->table.lock);
    spin_unlock(&pt->upper);
    batch->tables = true;
    tlb_batch_hold(batch, table);
}

static void clear_leaves(struct pagetable *pt, struct frame *table, vaddr_t start, vaddr_t end,
                         struct tlb_batch *batch)
{
    spin_lock(&table->table.lock);
    for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
        if (tlb_batch_full(batch)) {
            spin_unlock(&table->table.lock);
            tlb_batch_finish(batch);
            spin_lock(&table->table.lock);
        }
        struct pt_cursor cursor = cursor_in(pt, table, va);
        if (leaf_in(table, va))
            pt_clear(&cursor, batch);
    }
    spin_unlock(&table->table.lock);
}

void pt_clear_range(struct pagetable *pt, vaddr_t start, vaddr_t end, struct tlb_batch *batch)
{
    struct frame *table;
    for (vaddr_t va = start; (table = leaf_table_next(pt, &va, end)); va = table_end(va)) {
        vaddr_t stop = stop_in_table(va, end);
        if (table_used_outside(table, va, stop))
            clear_leaves(pt, table, va, stop, batch);
        else
            unlink_table(pt, table, va, batch);
    }
}

// --- narrow ----------------------------------------------------------------------------------------------

void pt_narrow_range(struct pagetable *pt, vaddr_t start, vaddr_t end, unsigned prot, struct tlb_batch *batch)
{
    struct frame *table;
    for (vaddr_t va = start; (table = leaf_table_next(pt, &va, end)); va = table_end(va)) {
        vaddr_t stop = stop_in_table(va, end);
        spin_lock(&table->table.lock);
        for (vaddr_t page = va; page < stop; page += PAGE_SIZE) {
            struct pt_cursor cursor = cursor_in(pt, table, page);
            if (leaf_in(table, page) & PTE_RIGHTS & ~pte_rights(prot))
                pt_narrow(&cursor, prot, batch);
        }
        spin_unlock(&table->table.lock);
    }
}

// --- show ------------------------------------------------------------------------------------------------

void pt_for_each_leaf(struct pagetable *pt, vaddr_t start, vaddr_t end,
                      void (*visit)(void *context, vaddr_t va, const struct pt_leaf *leaf), void *context)
{
    struct frame *table;
    for (vaddr_t va = start; (table = leaf_table_next(pt, &va, end)); va = table_end(va)) {
        vaddr_t stop = stop_in_table(va, end);
        spin_lock(&table->table.lock);
        for (vaddr_t page = va; page < stop; page += PAGE_SIZE) {
            struct pt_leaf leaf = leaf_decode(leaf_in(table, page));
            if (leaf.class != PT_ABSENT)
                visit(context, page, &leaf);
        }
        spin_unlock(&table->table.lock);
    }
}

void pt_for_each_table(struct pagetable *pt, void (*visit)(void *context, struct frame *table, unsigned level),
                       void *context)
{
    struct frame *table;
    spin_lock(&pt->upper);
    visit(context, pt->root, 2);
    for (vaddr_t va = 0; va < USER_END; va += TABLE_SPAN * TABLE_ENTRIES) {
        if ((table = linked_table(table_entry(pt->root, 2, va))))
            visit(context, table, 1);
    }
    for (vaddr_t va = 0; (table = leaf_table_next(pt, &va, USER_END)); va += TABLE_SPAN)
        visit(context, table, 0);
    spin_unlock(&pt->upper);
}
