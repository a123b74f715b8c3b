// SPDX-License-Identifier: MIT
//
// What the page-table files share: tables as frames, and the walk from a root to a leaf table.

#ifndef RISCV_PAGETABLE_PRIVATE_H
#define RISCV_PAGETABLE_PRIVATE_H

#include "arch/riscv/pte.h"
#include "mm/frame.h"
#include "mm/swap.h"

// The entry for va in a table of the given level (sv39: nine bits of the address per level, 4.4.1).
static inline _Atomic pte_t *table_entry(struct frame *table, unsigned level, vaddr_t va)
{
    return (_Atomic pte_t *)frame_memory(table) + (va >> (PAGE_SHIFT + 9 * level)) % TABLE_ENTRIES;
}

// First address behind the leaf table that covers va.
static inline vaddr_t table_end(vaddr_t va)
{
    return (va | (TABLE_SPAN - 1)) + 1;
}

// The table that an upper entry links; NULL when it is EMPTY.
static inline struct frame *linked_table(_Atomic pte_t *entry)
{
    pte_t link = atomic_load_explicit(entry, memory_order_acquire);
    return link & PTE_VALID ? frame_at(pte_address(link)) : NULL;
}

// Every valid leaf of ours names a frame of RAM.
static inline struct frame *leaf_frame(pte_t leaf)
{
    return frame_at(pte_address(leaf));
}

// Another leaf will be like this one: one more reference to its frame, or to its swap slot.
static inline void leaf_get(pte_t leaf)
{
    if (pte_slot(leaf))
        swap_get(pte_slot(leaf));
    else
        frame_get(leaf_frame(leaf));
}

static inline struct pt_cursor cursor_in(struct pagetable *pt, struct frame *table, vaddr_t va)
{
    return (struct pt_cursor){pt, va, table, table_entry(table, 0, va)};
}

// The leaf table that covers *va, or the first one behind it and below `end`, with *va moved up to it.
// => holds map_lock in either mode, or upper: then a table that is found stays linked. NULL: there is none
struct frame *leaf_table_next(struct pagetable *pt, vaddr_t *va, vaddr_t end);

// The level-1 entry for va; the level-1 table is linked from the spares where there is none.
// => holds upper. NULL: a spare is needed
_Atomic pte_t *level1_entry(struct pagetable *pt, vaddr_t va, struct pt_spares *spares);

struct frame *spares_take(struct pt_spares *spares); // NULL: none left

// The entry takes over the caller's reference to the table. => holds upper
void table_link(_Atomic pte_t *entry, struct frame *table, unsigned level);

// Give up a reference to a leaf table; with the last one go the references that its leaves hold.
// => no hart can reach it by now (R4), holds no leaf lock
void leaf_table_put(struct frame *table);

struct pt_leaf leaf_decode(pte_t leaf);

#endif
