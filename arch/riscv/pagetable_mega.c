// SPDX-License-Identifier: MIT
//
// 2 MiB pages (privileged spec 4.3: megapages), as a short cut that hardware takes and the kernel does not see.
//
//   ordinary      level-1 entry -> leaf table -> 512 frames
//   2 MiB page    level-1 entry ------------->   512 frames, in one aligned piece
//                      \. . . . -> leaf table -> the same
//                        the record of the first frame names the table
//
// Where 512 frames lie in one piece and their leaves agree, the level-1 entry may be a leaf itself: one look less
// for each miss of the TLB, and one place in it instead of 512. The leaf table stays, whole and true, and so does
// everything that counts frames, lends tables, walks or audits: for them the entry is LINKED. Hence fork lends a
// 2 MiB page like any table, and whoever is alone with it again has it back whole; a write to one that is shared
// copies the 4 KiB it touches; and a page taken out of the middle needs no memory and cannot fail.
//
// Any change of a leaf begins with mega_split(): the entry becomes a link. Both say the same about every address until
// the leaf changes, so hardware may use either, and the flush that the change needs anyhow is made a full one.
// A link remembered from before the table became a 2 MiB page leads to the same leaves, too.
//
// Who stores to the entry. pt_mega_install() and mega_split() do under the leaf lock, without `upper`. The others who
// replace a LINKED entry hold that lock as well (unlink_table), or are fork, with map_lock held exclusively: only
// reclaim, which knows no map_lock, can split meanwhile. Its exchange fails then, and LENT stays.

#include "arch/riscv/pagetable_private.h"

#include "lib/assert.h"

static _Atomic size_t in_use; // tables marked as such

size_t pt_mega_count(void)
{
    return atomic_load_explicit(&in_use, memory_order_relaxed);
}

void mega_forget(struct frame *table)
{
    if (!table->table.mega)
        return;
    table->table.mega = false;
    atomic_fetch_sub_explicit(&in_use, 1, memory_order_relaxed);
}

static _Atomic pte_t *entry_above(const struct pt_cursor *cursor)
{
    return table_entry(linked_table(table_entry(cursor->pt->root, 2, cursor->va)), 1, cursor->va);
}

bool pt_mega_possible(const struct pt_cursor *cursor)
{
    return cursor->table->table.live == 0 && table_refs(cursor->table) == 1;
}

void pt_mega_install(struct pt_cursor *cursor, struct frame *block, unsigned prot)
{
    struct frame *table = cursor->table;
    _Atomic pte_t *leaves = frame_memory(table);
    ASSERT(pt_mega_possible(cursor));
    frame_split(block);
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        atomic_store_explicit(&leaves[i], pte_leaf(frame_address(block + i), prot, true), memory_order_relaxed);
    table->table.live = table->table.high = TABLE_ENTRIES;
    table->table.low = 0;
    table->table.mega = true;
    block->mega.table = table;
    atomic_fetch_add_explicit(&in_use, 1, memory_order_relaxed);
    atomic_exchange_explicit(entry_above(cursor), table_entry_for(table), memory_order_release);
}

bool mega_split(struct pt_cursor *cursor)
{
    if (!cursor->table->table.mega)
        return false;
    pte_t whole = table_entry_for(cursor->table);
    mega_forget(cursor->table);
    pte_t link = pte_link(frame_address(cursor->table));
    atomic_compare_exchange_strong_explicit(entry_above(cursor), &whole, link, memory_order_acq_rel,
                                            memory_order_relaxed);
    return true;
}

bool pt_mega_audit(struct frame *table, size_t *found)
{
    const _Atomic pte_t *leaves = frame_memory(table);
    if (!table->table.mega)
        return true;
    ++*found;
    pte_t hardwares = PTE_ACCESSED | PTE_DIRTY, first = leaves[0] & ~hardwares;
    bool good = table->table.live == TABLE_ENTRIES && pte_address(first) % TABLE_SPAN == 0 && first & PTE_WRITE;
    for (unsigned i = 1; good && i < TABLE_ENTRIES; i++)
        good = (leaves[i] & ~hardwares) == first + i * pte_link(PAGE_SIZE) - i * PTE_VALID;
    return good;
}
