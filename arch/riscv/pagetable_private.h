// SPDX-License-Identifier: MIT
//
// What the page-table files share: tables as frames, and the walk from a root to a leaf table.
#pragma once

#include "arch/riscv/pte.h"
#include "mm/frame.h"
#include "mm/swap.h"

// --- a table ---------------------------------------------------------------------------------------------

// The entry for va in a table of the given level (sv39: nine bits of the address per level, 4.4.1).
static inline unsigned table_index(unsigned level, vaddr_t va)
{
    return (va >> (PAGE_SHIFT + 9 * level)) % TABLE_ENTRIES;
}

static inline _Atomic pte_t *table_entry(struct frame *table, unsigned level, vaddr_t va)
{
    return (_Atomic pte_t *)frame_memory(table) + table_index(level, va);
}

// First address behind the leaf table that covers va.
static inline vaddr_t table_end(vaddr_t va)
{
    return (va | (TABLE_SPAN - 1)) + 1;
}

// The same for a level-1 table.
static inline vaddr_t level1_end(vaddr_t va)
{
    return (va | (TABLE_SPAN * TABLE_ENTRIES - 1)) + 1;
}

// The record of a table says how many entries are in use, and that all are in [low, high): walks are as long as
// what there is. => the lock that guards the entries is held
static inline void table_entry_added(struct frame *table, unsigned index)
{
    if (!table->table.live++)
        table->table.low = table->table.high = (uint16_t)index;
    if (index < table->table.low)
        table->table.low = (uint16_t)index;
    if (index >= table->table.high)
        table->table.high = (uint16_t)(index + 1);
}

static inline void table_entry_removed(struct frame *table)
{
    table->table.live--;
}

// How many spaces name a leaf table. Reading 1 (acquire) means: ours alone, and all that others did is done.
static inline uint32_t table_refs(const struct frame *table)
{
    return atomic_load_explicit(&table->refs, memory_order_acquire);
}

// --- upper entries ---------------------------------------------------------------------------------------

// The table that an upper entry names, LINKED or LENT. A 2 MiB page has one, too; but reclaim may take it to pieces
// at any time, and then its first frame may become anything: what its record says holds if the entry still stands.
static inline struct frame *named_table(_Atomic pte_t *entry)
{
    pte_t now = atomic_load_explicit(entry, memory_order_acquire), link;
    struct frame *named;
    do {
        link = now;
        named = link ? frame_at(pte_address(link)) : NULL;
        if (link & PTE_RIGHTS)
            named = atomic_load_explicit(&named->mega.table, memory_order_acquire);
    } while (link & PTE_RIGHTS && (now = atomic_load_explicit(entry, memory_order_acquire)) != link);
    return named;
}

// The same; NULL also when it is LENT.
static inline struct frame *linked_table(_Atomic pte_t *entry)
{
    return atomic_load_explicit(entry, memory_order_acquire) & PTE_VALID ? named_table(entry) : NULL;
}

// The entry by which hardware is to find a leaf table, or what stands in it.
static inline pte_t table_entry_for(struct frame *table)
{
    return table->table.mega ? pte_mega(*(pte_t *)frame_memory(table)) : pte_link(frame_address(table));
}

// The table `above` links `table` for va; the caller's reference goes with it. => holds upper; EMPTY until now
void table_link(struct frame *above, vaddr_t va, struct frame *table);

// The level-1 table for va, made of the spare where there is none. => holds upper. NULL: a spare is needed
struct frame *level1_table(struct pagetable *pt, vaddr_t va, struct frame **spare);

// --- leaf tables -----------------------------------------------------------------------------------------

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

// The level-1 entry of the leaf table that covers *va, LINKED or LENT, or of the first one behind it and below
// `end`, with *va moved up to it. => holds map_lock exclusive, or upper. NULL: there is none
_Atomic pte_t *leaf_table_next(struct pagetable *pt, vaddr_t *va, vaddr_t end);

// The one way to a leaf table that is this space's own: make one, take back what was lent, or copy it.
// => holds map_lock in either mode, no spin lock. NULL: a spare is needed; what has been linked so far stays
struct frame *leaf_table_own(struct pagetable *pt, vaddr_t va, struct frame **spare);

// The same, with a spare got where it needs one. => returns 0 or -ENOMEM
int leaf_table_own_filling(struct pagetable *pt, vaddr_t va, struct frame **spare);

// The part of it for a LENT entry: docs/LENDING.md, rule 13. *left: a table to put once `upper` is free.
// => holds upper. NULL: a spare is needed, nothing has changed
struct frame *lent_table_own(_Atomic pte_t *entry, struct frame **spare, struct frame **left);

// 2 MiB pages, an optional part (pagetable_mega.c). Before any change of a leaf: an entry that is a leaf becomes a
// link. => holds the leaf lock; returns whether the table was such a page: then the flush is one of tables
#if KINE_OPTION_MEGAPAGE
bool mega_split(struct pt_cursor *cursor);
void mega_forget(struct frame *table); // the same where no entry says so: the table is lent, or dying
#else
static inline bool mega_split(struct pt_cursor *cursor) { (void)cursor; return false; }
static inline void mega_forget(struct frame *table) { (void)table; }
#endif

// Give up a reference to a leaf table; with the last one go the references that its leaves hold.
// => no hart can reach it from here by now (R4), holds no spin lock
void leaf_table_put(struct frame *table);

struct frame *take_spare(struct frame **spare); // NULL: there is none

struct pt_leaf leaf_decode(pte_t leaf);
