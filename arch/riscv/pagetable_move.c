// SPDX-License-Identifier: MIT
//
// Moving pages to other addresses without copying them (mremap): two ranges exchange their leaves, so that what
// was in the way at the new place ends up at the old one, where it can be cleared like any other memory.
// Contracts in arch/pagetable.h; called by mm/ with map_lock held exclusively.
//
// Out, flush, in: were a leaf at its new place before every hart had forgotten the old one, a thread could use
// both. Entries are moved as they are, whatever they say; nobody looks for them while they are in neither table.

#include "arch/riscv/pagetable_private.h"

#include "lib/log.h"

#define EXCHANGE_PAGES 64 // at a time, for one flush

// How far the two walks get before either one leaves its leaf table.
static uint64_t common_span(vaddr_t a, vaddr_t b, uint64_t bytes)
{
    uint64_t span_a = table_end(a) - a, span_b = table_end(b) - b, span = span_a < span_b ? span_a : span_b;
    return bytes < span ? bytes : span;
}

static bool has_table(struct pagetable *pt, vaddr_t va)
{
    return leaf_table_next(pt, &va, va + PAGE_SIZE);
}

int pt_exchange_prepare(struct pagetable *pt, vaddr_t a, vaddr_t b, uint64_t bytes)
{
    struct frame *spare = NULL;
    int error = 0;
    for (uint64_t done = 0; !error && done < bytes; done += common_span(a + done, b + done, bytes - done)) {
        if (!has_table(pt, a + done) && !has_table(pt, b + done))
            continue;
        error = leaf_table_own_filling(pt, a + done, &spare);
        if (!error)
            error = leaf_table_own_filling(pt, b + done, &spare);
    }
    frame_let_go(&spare);
    return error;
}

// Swaps `leaves` with what is in `count` slots from va on. => the table is there
static void swap_leaves(struct pagetable *pt, vaddr_t va, unsigned count, pte_t *leaves, struct tlb_batch *batch)
{
    struct frame *none = NULL;
    struct pt_cursor cursor;
    if (pt_lock(pt, va, &none, &cursor) < 0)
        panic("no table at %#llx to move pages", (unsigned long long)va);
    batch->tables |= mega_split(&cursor);
    for (unsigned i = 0; i < count; i++, leaves++) {
        if (*leaves)
            table_entry_added(cursor.table, table_index(0, va + i * PAGE_SIZE));
        *leaves = atomic_exchange_explicit(cursor.slot + i, *leaves, memory_order_acq_rel);
        if (*leaves) {
            table_entry_removed(cursor.table);
            tlb_batch_add(batch, va + i * PAGE_SIZE);
        }
    }
    pt_unlock(&cursor);
}

void pt_exchange_range(struct pagetable *pt, vaddr_t a, vaddr_t b, uint64_t bytes)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, pt);
    for (uint64_t done = 0, step; done < bytes; done += step) {
        step = common_span(a + done, b + done, bytes - done);
        if (!has_table(pt, a + done) || !has_table(pt, b + done))
            continue; // both were missing, or they would have been made; so there is nothing to move
        if (step > EXCHANGE_PAGES * PAGE_SIZE)
            step = EXCHANGE_PAGES * PAGE_SIZE;
        unsigned count = (unsigned)(step >> PAGE_SHIFT);
        pte_t from_a[EXCHANGE_PAGES] = {0}, from_b[EXCHANGE_PAGES] = {0};
        swap_leaves(pt, a + done, count, from_a, &batch);
        swap_leaves(pt, b + done, count, from_b, &batch);
        tlb_batch_finish(&batch);
        swap_leaves(pt, a + done, count, from_b, &batch);
        swap_leaves(pt, b + done, count, from_a, &batch);
    }
}
