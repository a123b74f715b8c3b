// SPDX-License-Identifier: MIT
//
// The page table of one user space: making and unmaking it, finding and locking a leaf table, and the few
// changes that a leaf may see. Entries are sv39 (pte.h); contracts are in arch/pagetable.h.
//
//   va   38     30 29     21 20     12 11      0
//       | level 2 | level 1 | level 0 | offset |        nine bits choose one of 512 entries per level
//            |         |         |
//   satp -> root -> level-1 -> leaf table -> frame      user half: root entries 0-255; 256-511 are the kernel's
//                         \.. lent ..^                  pagetable_lend.c: fork
//
// Called by mm/ (faults, regions, reverse maps), below it only mm/frame.h, tlb.c and the boot's kernel map.
//
// Who may look where. Root entries and level-1 entries change under `upper`, and while map_lock is held shared
// only from EMPTY or LENT to LINKED; any other way with map_lock exclusive alone. So who holds map_lock walks down
// links without a lock, and a table he has found stays. Who does not (a reverse map, which comes from the
// object) holds `upper` while he walks, LINKED and LENT alike, and takes the leaf lock before he lets go of it.
//
// Hardware reads all of this at any time without any lock, and sets A and D in valid leaves. Hence: an entry
// is one 8-byte atomic; what it names is complete before it is stored (release); a valid leaf is changed by
// atomic read-modify-writes only, since a plain store could undo a D bit that was set a moment before.

#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pagetable_private.h"
#include "arch/riscv/tlb_private.h"

#include "lib/assert.h"
#include "uapi/errno.h"

// --- tables ----------------------------------------------------------------------------------------------

static struct frame *table_alloc(void)
{
    struct frame *table = frame_alloc_reclaim(FRAME_TABLE, 0, ALLOC_ZERO);
    if (table)
        spin_init(&table->table.lock, RANK_LEAF);
    return table;
}

int pt_spare_fill(struct frame **spare)
{
    if (!*spare)
        *spare = table_alloc();
    return *spare ? 0 : -ENOMEM;
}

struct frame *take_spare(struct frame **spare)
{
    struct frame *table = *spare;
    *spare = NULL;
    return table;
}

void table_link(struct frame *above, vaddr_t va, struct frame *table)
{
    unsigned level = above->table.level;
    table->table.level = (uint8_t)(level - 1);
    atomic_store_explicit(table_entry(above, level, va), pte_link(frame_address(table)), memory_order_release);
    table_entry_added(above, table_index(level, va));
}

// The first entry in use for an address of [*va, end) that the table covers, with *va moved up to what it
// covers. NULL: none, and *va is behind the table
static _Atomic pte_t *entry_next(struct frame *table, vaddr_t *va, vaddr_t end)
{
    unsigned level = table->table.level, shift = PAGE_SHIFT + 9 * level;
    vaddr_t span = (vaddr_t)TABLE_ENTRIES << shift, base = *va & ~(span - 1);
    unsigned index = table_index(level, *va), high = table->table.high;
    if (end - base < span && table_index(level, end - 1) < high)
        high = table_index(level, end - 1) + 1;
    _Atomic pte_t *entries = frame_memory(table);
    if (index < table->table.low)
        index = table->table.low;
    while (index < high && !atomic_load_explicit(&entries[index], memory_order_relaxed))
        index++;
    vaddr_t at = base + ((vaddr_t)index << shift);
    *va = index >= high ? base + span : at > *va ? at : *va;
    return index < high ? &entries[index] : NULL;
}

_Atomic pte_t *leaf_table_next(struct pagetable *pt, vaddr_t *va, vaddr_t end)
{
    end = end < USER_END ? end : USER_END;
    while (*va < end) {
        _Atomic pte_t *link = entry_next(pt->root, va, end);
        _Atomic pte_t *entry = link ? entry_next(linked_table(link), va, end) : NULL;
        if (entry)
            return entry;
    }
    return NULL;
}

struct frame *level1_table(struct pagetable *pt, vaddr_t va, struct frame **spare)
{
    ASSERT(spin_held(&pt->upper));
    struct frame *level1 = linked_table(table_entry(pt->root, 2, va));
    if (!level1 && (level1 = take_spare(spare)))
        table_link(pt->root, va, level1);
    return level1;
}

static struct frame *leaf_table_linked(struct pagetable *pt, vaddr_t va)
{
    struct frame *level1 = linked_table(table_entry(pt->root, 2, va));
    return level1 ? linked_table(table_entry(level1, 1, va)) : NULL;
}

// Whatever this hart remembers of the empty entry it forgets here; others fault once more (pt_touch).
struct frame *leaf_table_own(struct pagetable *pt, vaddr_t va, struct frame **spare)
{
    struct frame *table = leaf_table_linked(pt, va), *left = NULL;
    if (table)
        return table;
    spin_lock(&pt->upper);
    struct frame *level1 = level1_table(pt, va, spare);
    _Atomic pte_t *entry = level1 ? table_entry(level1, 1, va) : NULL;
    table = entry ? linked_table(entry) : NULL; // another thread may have been faster
    if (entry && !table && atomic_load_explicit(entry, memory_order_relaxed))
        table = lent_table_own(entry, spare, &left);
    else if (entry && !table && (table = take_spare(spare)))
        table_link(level1, va, table);
    spin_unlock(&pt->upper);
    if (left)
        leaf_table_put(left);
    tlb_fence_here(pt);
    return table;
}

// What a leaf that is gone leaves behind: its frame, with one reference to give up; NULL when it was swapped out.
static struct frame *leaf_release(pte_t leaf)
{
    swap_put(pte_slot(leaf));
    return pte_slot(leaf) ? NULL : leaf_frame(leaf);
}

void leaf_table_put(struct frame *table)
{
    if (!frame_drop(table))
        return; // lent to others, who keep the leaves
    mega_forget(table);
    unsigned left = table->table.live;
    _Atomic pte_t *entries = frame_memory(table);
    for (unsigned i = table->table.low; left; i++) {
        pte_t leaf = atomic_load_explicit(&entries[i], memory_order_relaxed);
        struct frame *frame = leaf ? leaf_release(leaf) : NULL;
        if (frame)
            frame_put(frame);
        left -= leaf != 0;
    }
    frame_free(table);
}

// --- spaces ----------------------------------------------------------------------------------------------

int pt_create(struct pagetable *pt)
{
    struct frame *root = table_alloc();
    if (!root)
        return -ENOMEM;
    root->table.level = 2;
    kernel_root_copy(frame_memory(root));
    *pt = (struct pagetable){.root = root, .upper = SPINLOCK_INIT(RANK_UPPER)};
    return 0;
}

// What the entries of a root or level-1 table name. A table that is lent costs a count, whatever hangs on it.
static void put_below(struct frame *table)
{
    _Atomic pte_t *entries = frame_memory(table);
    for (unsigned i = table->table.low, left = table->table.live; left; i++) {
        struct frame *below = named_table(&entries[i]);
        if (!below)
            continue;
        left--;
        if (below->table.level == 0) {
            leaf_table_put(below);
        } else {
            put_below(below);
            frame_put(below);
        }
    }
}

// Harts are sent away first (R4), so references can be put as they are met. Nobody walks here any more, and
// the entries of dead tables may stay as they are.
void pt_destroy(struct pagetable *pt)
{
    tlb_evict(pt);
    put_below(pt->root);
    frame_put(pt->root);
}

// --- the cursor: one page, its leaf table locked ------------------------------------------------------------

static void cursor_lock(struct pt_cursor *cursor, struct pagetable *pt, vaddr_t va,
                        struct frame *table) NO_LOCK_ANALYSIS
{
    spin_lock(&table->table.lock);
    *cursor = cursor_in(pt, table, va);
}

int pt_lock(struct pagetable *pt, vaddr_t va, struct frame **spare, struct pt_cursor *cursor)
{
    ASSERT(va < USER_END && va % PAGE_SIZE == 0);
    struct frame *table = leaf_table_own(pt, va, spare);
    if (!table)
        return -EAGAIN;
    cursor_lock(cursor, pt, va, table);
    return 0;
}

bool pt_lock_next(struct pagetable *pt, vaddr_t *va, vaddr_t end, struct pt_cursor *cursor)
{
    spin_lock(&pt->upper);
    _Atomic pte_t *entry = leaf_table_next(pt, va, end);
    if (entry)
        cursor_lock(cursor, pt, *va, named_table(entry));
    spin_unlock(&pt->upper);
    return entry != NULL;
}

void pt_unlock(struct pt_cursor *cursor) NO_LOCK_ANALYSIS
{
    spin_unlock(&cursor->table->table.lock);
}

static pte_t leaf_at(const struct pt_cursor *cursor)
{
    ASSERT(spin_held(&cursor->table->table.lock));
    return atomic_load_explicit(cursor->slot, memory_order_relaxed);
}

struct pt_leaf leaf_decode(pte_t leaf)
{
    if (!(leaf & PTE_VALID))
        return (struct pt_leaf){.class = leaf ? PT_SWAPPED : PT_ABSENT, .slot = pte_slot(leaf)};
    return (struct pt_leaf){
        .class = leaf & PTE_WRITE ? PT_WRITABLE : PT_READONLY,
        .prot = pte_prot(leaf),
        .frame = leaf_frame(leaf),
        .accessed = leaf & PTE_ACCESSED,
        .dirty = leaf & PTE_DIRTY,
    };
}

struct pt_leaf pt_read(const struct pt_cursor *cursor)
{
    return leaf_decode(leaf_at(cursor));
}

// The leaf lock makes the answer last: a count rises by its holders alone (R2), the one holder is this leaf,
// and fork, which would copy the leaf, waits for the lock.
bool pt_exclusive(const struct pt_cursor *cursor)
{
    pte_t leaf = leaf_at(cursor);
    return leaf & PTE_VALID && frame_exclusive(leaf_frame(leaf));
}

// --- changes of a leaf -----------------------------------------------------------------------------------

// No fence: a hart that remembers the empty entry (4.2.1 allows that) faults once more, and pt_touch fences.
void pt_install(struct pt_cursor *cursor, struct frame *frame, unsigned prot, bool private)
{
    ASSERT(!leaf_at(cursor) && table_refs(cursor->table) == 1);
    atomic_store_explicit(cursor->slot, pte_leaf(frame_address(frame), prot, private), memory_order_release);
    table_entry_added(cursor->table, table_index(0, cursor->va));
}

// One exchange from the old leaf to the new, so no access in between can find the page absent; the old
// value tells what hardware has set until then.
void pt_replace(struct pt_cursor *cursor, struct frame *frame, unsigned prot, struct tlb_batch *batch)
{
    pte_t leaf = leaf_at(cursor);
    ASSERT(leaf && table_refs(cursor->table) == 1 && !cursor->table->table.mega);
    pte_t fresh = pte_leaf(frame_address(frame), prot, leaf & PTE_PRIVATE);
    leaf = atomic_exchange_explicit(cursor->slot, fresh, memory_order_acq_rel);
    tlb_batch_add(batch, cursor->va);
    tlb_batch_hold(batch, leaf_frame(leaf));
}

// This hart has most likely just faulted on the narrower translation and holds it: fence here. On the others
// a narrow one is no danger, only a spurious fault.
void pt_widen(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch)
{
    ASSERT(leaf_at(cursor) && table_refs(cursor->table) == 1);
    batch->tables |= mega_split(cursor); // a hart that kept it would keep it past the fence of any one page
    atomic_fetch_or_explicit(cursor->slot, pte_fresh(pte_rights(prot)), memory_order_relaxed);
    tlb_fence_page_here(cursor->pt, cursor->va);
}

// The fault that led here may have been one of many: a process that has its memory to itself again, after the
// child is gone, meets each of its pages read-only. One look at the whole table spares it the other faults.
void pt_claim(struct pt_cursor *cursor, vaddr_t start, vaddr_t end, unsigned prot)
{
    struct frame *table = cursor->table;
    vaddr_t base = table_end(cursor->va) - TABLE_SPAN;
    ASSERT(pt_exclusive(cursor) && table_refs(table) == 1);
    _Atomic pte_t *entries = frame_memory(table);
    for (unsigned i = table->table.low; i < table->table.high; i++) {
        pte_t leaf = atomic_load_explicit(&entries[i], memory_order_relaxed);
        vaddr_t va = base + i * PAGE_SIZE;
        if ((leaf & (PTE_VALID | PTE_WRITE)) == PTE_VALID && va >= start && va < end &&
            frame_exclusive(leaf_frame(leaf)))
            atomic_fetch_or_explicit(&entries[i], pte_fresh(pte_rights(prot)), memory_order_relaxed);
    }
    tlb_fence_here(cursor->pt);
}

// A leaf without any right is an invalid link at level 0: hardware faults (4.3.2, step 4), the frame stays. It may
// have lost them to reclaim, whose flush is still to come: so a leaf that has none is flushed in any case.
void pt_narrow(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch)
{
    pte_t lost = PTE_RIGHTS & ~pte_rights(prot);
    if (!(leaf_at(cursor) & lost) && leaf_at(cursor) & PTE_RIGHTS)
        return;
    batch->tables |= mega_split(cursor);
    atomic_fetch_and_explicit(cursor->slot, ~lost, memory_order_relaxed);
    tlb_batch_add(batch, cursor->va);
}

void pt_clear(struct pt_cursor *cursor, struct tlb_batch *batch)
{
    ASSERT(leaf_at(cursor));
    batch->tables |= mega_split(cursor);
    struct frame *frame = leaf_release(atomic_exchange_explicit(cursor->slot, 0, memory_order_relaxed));
    table_entry_removed(cursor->table);
    if (!frame)
        return; // no hart can have seen more than that there is nothing
    tlb_batch_add(batch, cursor->va);
    tlb_batch_hold(batch, frame);
}

void pt_touch(struct pt_cursor *cursor, bool write)
{
    pte_t leaf = leaf_at(cursor);
    ASSERT(leaf && (!write || leaf & PTE_WRITE));
    atomic_fetch_or_explicit(cursor->slot, PTE_ACCESSED | (write ? PTE_DIRTY : 0), memory_order_relaxed);
    tlb_fence_here(cursor->pt); // not the leaf alone: it may be the entry above that this hart remembers
}
