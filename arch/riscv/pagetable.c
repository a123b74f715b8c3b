// SPDX-License-Identifier: MIT
//
// The page table of one user space: making and unmaking it, finding and locking a leaf table, and the few
// changes that a leaf may see. Entries are sv39 (pte.h); contracts are in arch/pagetable.h.
//
//   va   38     30 29     21 20     12 11      0
//       | level 2 | level 1 | level 0 | offset |        nine bits choose one of 512 entries per level
//            |         |         |
//   satp -> root -> level-1 -> leaf table -> frame      user half: root entries 0-255; 256-511 are the kernel's
//
// Called by mm/ (faults, regions, reverse maps), below it only mm/frame.h, tlb.c and the boot's kernel map.
//
// Who may look where. Root entries and level-1 entries change under `upper`, and while map_lock is held shared
// only from EMPTY to LINKED; they go back to EMPTY with map_lock exclusive alone. So who holds map_lock walks
// down without a lock, and a table he has found stays. Who does not (a reverse map, which comes from the
// object) holds `upper` while he walks and takes the leaf lock before he lets go of it.
//
// Hardware reads all of this at any time without any lock, and sets A and D in valid leaves. Hence: an entry
// is one 8-byte atomic; what it names is complete before it is stored (release); a valid leaf is changed by
// atomic read-modify-writes only, since a plain store could undo a D bit that was set a moment before.

#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pagetable_private.h"
#include "arch/riscv/tlb_private.h"

#include "arch/mmu.h"
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

int pt_spares_fill(struct pt_spares *spares)
{
    for (unsigned i = 0; i < 2; i++)
        if (!spares->table[i] && !(spares->table[i] = table_alloc()))
            return -ENOMEM;
    return 0;
}

void pt_spares_release(struct pt_spares *spares)
{
    for (struct frame *table; (table = spares_take(spares));)
        frame_put(table);
}

struct frame *spares_take(struct pt_spares *spares)
{
    unsigned i = spares->table[0] ? 0 : 1;
    struct frame *table = spares->table[i];
    spares->table[i] = NULL;
    return table;
}

void table_link(_Atomic pte_t *entry, struct frame *table, unsigned level)
{
    table->table.level = (uint8_t)level;
    atomic_store_explicit(entry, pte_link(frame_address(table)), memory_order_release);
}

struct frame *leaf_table_next(struct pagetable *pt, vaddr_t *va, vaddr_t end)
{
    while (*va < end) {
        struct frame *level1 = linked_table(table_entry(pt->root, 2, *va));
        struct frame *table = level1 ? linked_table(table_entry(level1, 1, *va)) : NULL;
        if (table)
            return table;
        uint64_t span = level1 ? TABLE_SPAN : TABLE_SPAN * TABLE_ENTRIES;
        *va = (*va | (span - 1)) + 1;
    }
    return NULL;
}

_Atomic pte_t *level1_entry(struct pagetable *pt, vaddr_t va, struct pt_spares *spares)
{
    ASSERT(spin_held(&pt->upper));
    _Atomic pte_t *entry = table_entry(pt->root, 2, va);
    if (!linked_table(entry)) {
        struct frame *level1 = spares_take(spares);
        if (!level1)
            return NULL;
        table_link(entry, level1, 1);
    }
    return table_entry(linked_table(entry), 1, va);
}

// The one place that makes an upper entry lead to a leaf table of this space's own.
// => holds map_lock. NULL: a spare is needed; what has been linked so far stays
static struct frame *leaf_table_own(struct pagetable *pt, vaddr_t va, struct pt_spares *spares)
{
    vaddr_t at = va;
    struct frame *table = leaf_table_next(pt, &at, va + PAGE_SIZE);
    if (table)
        return table;
    spin_lock(&pt->upper);
    _Atomic pte_t *entry = level1_entry(pt, va, spares);
    table = entry ? linked_table(entry) : NULL; // another thread may have been faster
    if (entry && !table && (table = spares_take(spares)))
        table_link(entry, table, 0);
    spin_unlock(&pt->upper);
    return table;
}

// What a leaf that is gone leaves behind: its frame, with one reference to give up; NULL when it was swapped out.
static struct frame *leaf_release(pte_t leaf)
{
    if (pte_slot(leaf)) {
        swap_put(pte_slot(leaf));
        return NULL;
    }
    struct frame *frame = leaf_frame(leaf);
    if ((leaf & PTE_DIRTY) && frame->kind == FRAME_CACHE)
        atomic_fetch_or_explicit(&frame->flags, FRAME_DIRTY, memory_order_relaxed);
    return frame;
}

void leaf_table_put(struct frame *table)
{
    ASSERT(atomic_load(&table->refs) == 1); // one upper entry names a table: the last reference is ours
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        pte_t leaf = atomic_load_explicit(table_entry(table, 0, i * PAGE_SIZE), memory_order_relaxed);
        struct frame *frame = leaf ? leaf_release(leaf) : NULL;
        if (frame)
            frame_put(frame);
    }
    frame_put(table);
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

// Harts are sent away first (R4), so references can be put as they are met. Nobody walks here any more, and
// the entries of dead tables may stay as they are.
void pt_destroy(struct pagetable *pt)
{
    tlb_evict(pt);
    struct frame *table;
    for (vaddr_t va = 0; (table = leaf_table_next(pt, &va, USER_END)); va += TABLE_SPAN)
        leaf_table_put(table);
    for (vaddr_t va = 0; va < USER_END; va += TABLE_SPAN * TABLE_ENTRIES) {
        struct frame *level1 = linked_table(table_entry(pt->root, 2, va));
        if (level1)
            frame_put(level1);
    }
    frame_put(pt->root);
}

// --- the cursor: one page, its leaf table locked ------------------------------------------------------------

static void cursor_lock(struct pt_cursor *cursor, struct pagetable *pt, vaddr_t va,
                        struct frame *table) NO_LOCK_ANALYSIS
{
    spin_lock(&table->table.lock);
    *cursor = cursor_in(pt, table, va);
}

int pt_lock(struct pagetable *pt, vaddr_t va, struct pt_spares *spares, struct pt_cursor *cursor)
{
    ASSERT(va < USER_END && va % PAGE_SIZE == 0);
    struct frame *table = leaf_table_own(pt, va, spares);
    if (!table)
        return -EAGAIN;
    cursor_lock(cursor, pt, va, table);
    return 0;
}

bool pt_lock_existing(struct pagetable *pt, vaddr_t va, struct pt_cursor *cursor)
{
    vaddr_t at = va;
    spin_lock(&pt->upper);
    struct frame *table = leaf_table_next(pt, &at, va + PAGE_SIZE);
    if (table)
        cursor_lock(cursor, pt, va, table);
    spin_unlock(&pt->upper);
    return table != NULL;
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
    ASSERT(!leaf_at(cursor));
    atomic_store_explicit(cursor->slot, pte_leaf(frame_address(frame), prot, private), memory_order_release);
}

// One exchange from the old leaf to the new, so no access in between can find the page absent; the old
// value tells what hardware has set until then.
void pt_replace(struct pt_cursor *cursor, struct frame *frame, unsigned prot, struct tlb_batch *batch)
{
    pte_t leaf = leaf_at(cursor);
    ASSERT(leaf);
    pte_t fresh = pte_leaf(frame_address(frame), prot, leaf & PTE_PRIVATE);
    leaf = atomic_exchange_explicit(cursor->slot, fresh, memory_order_acq_rel);
    tlb_batch_add(batch, cursor->va);
    tlb_batch_hold(batch, leaf_release(leaf));
}

// This hart has most likely just faulted on the narrower translation and holds it: fence here. On the others
// a narrow one is no danger, only a spurious fault.
void pt_widen(struct pt_cursor *cursor, unsigned prot)
{
    pte_t leaf = leaf_at(cursor);
    ASSERT(leaf);
    pte_t rights = pte_rights(prot);
    atomic_fetch_or_explicit(cursor->slot, pte_fresh(rights), memory_order_relaxed);
    mmu_fence_page(cursor->va);
}

// A leaf without any right is an invalid link at level 0: hardware faults (4.3.2, step 4), the frame stays.
void pt_narrow(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch)
{
    ASSERT(leaf_at(cursor));
    atomic_fetch_and_explicit(cursor->slot, ~(PTE_RIGHTS & ~pte_rights(prot)), memory_order_relaxed);
    tlb_batch_add(batch, cursor->va);
}

void pt_clear(struct pt_cursor *cursor, struct tlb_batch *batch)
{
    ASSERT(leaf_at(cursor));
    struct frame *frame = leaf_release(atomic_exchange_explicit(cursor->slot, 0, memory_order_relaxed));
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
    mmu_fence_page(cursor->va);
}
