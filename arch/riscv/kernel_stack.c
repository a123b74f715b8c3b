// SPDX-License-Identifier: MIT
//
// Kernel stacks, each in a slot of 32 KiB of its own: 16 KiB that are never mapped, then the stack.
// Whoever runs off the end of a stack faults instead of writing over another (trap.S tells the two apart).
//
//   slot:  | guard, not mapped | 4 frames |  top -> next slot
//
// Freed stacks are kept mapped and handed out again, since fork and exit do little else with them. When too
// many are kept half of them, when memory is short all, are unmapped together: one flush of all harts, and only
// then are their frames put (R4). Called by proc/, trap/ and boot.c, no spin lock held. Each frame of a slot in use,
// kept ones included, and each leaf table has one reference; kernel_stack_for_each_frame() shows them to the audit.

#include "arch/machine.h"
#include "arch/tlb.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/private.h"

#include "lib/bitmap.h"
#include "mm/frame.h"

#define SLOT_BYTES     (2 * KERNEL_STACK_BYTES)
#define SLOTS          (((uint64_t)1 << 30) / SLOT_BYTES)
#define STACK_PAGES    (KERNEL_STACK_BYTES / PAGE_SIZE)
#define KEPT_MOST      64

static struct spinlock lock = SPINLOCK_INIT(RANK_STACKS); // guards all of this, and the level-1 table
static uint64_t used[BITMAP_WORDS(SLOTS)];                // slots that are in use or kept
static unsigned kept[KEPT_MOST], kept_count;
static size_t lowest_free; // no slot below is free

static vaddr_t slot_bottom(size_t slot)
{
    return KERNEL_STACK_BASE + slot * SLOT_BYTES + SLOT_BYTES - KERNEL_STACK_BYTES;
}

static pte_t *level1_entry(size_t slot)
{
    return &kernel_stack_table()[slot * SLOT_BYTES / TABLE_SPAN];
}

static struct frame *entry_frame(pte_t entry)
{
    return frame_at(pte_address(entry));
}

// The first of the slot's page-table entries. => its leaf table exists
static pte_t *leaf_entries(size_t slot)
{
    pte_t *table = frame_memory(entry_frame(*level1_entry(slot)));
    return &table[slot_bottom(slot) / PAGE_SIZE % TABLE_ENTRIES];
}

static bool need_leaf_table(size_t slot)
{
    if (*level1_entry(slot) != 0)
        return true;
    struct frame *table = frame_alloc(FRAME_KERNEL, 0, ALLOC_ZERO);
    if (!table)
        return false;
    spin_lock(&lock);
    bool raced = *level1_entry(slot) != 0;
    if (!raced)
        *level1_entry(slot) = pte_link(frame_address(table));
    spin_unlock(&lock);
    if (raced)
        frame_put(table);
    return true;
}

// Puts what a slot maps or has mapped, and gives it back. => no hart can use a translation of it
static void slot_release(size_t slot)
{
    pte_t *entries = *level1_entry(slot) != 0 ? leaf_entries(slot) : NULL;
    for (unsigned i = 0; entries && i < STACK_PAGES && entries[i] != 0; i++) {
        struct frame *frame = entry_frame(entries[i]);
        entries[i] = 0;
        frame_put(frame);
    }
    spin_lock(&lock);
    bitmap_clear(used, slot);
    lowest_free = slot < lowest_free ? slot : lowest_free;
    spin_unlock(&lock);
}

static bool slot_map(size_t slot)
{
    if (!need_leaf_table(slot))
        return false;
    pte_t *entries = leaf_entries(slot);
    for (unsigned i = 0; i < STACK_PAGES; i++) {
        struct frame *frame = frame_alloc(FRAME_KERNEL, 0, 0);
        if (!frame)
            return false; // slot_release() finds the others
        entries[i] = kernel_leaf(frame_address(frame), PTE_READ | PTE_WRITE) & ~PTE_VALID;
    }
    for (unsigned i = 0; i < STACK_PAGES; i++)
        entries[i] |= PTE_VALID;
    // Some hart may remember that there was nothing (privileged spec 4.2.1), and others than the stack's own thread
    // use a stack: who wakes a sleeper writes on it.
    tlb_flush_kernel(slot_bottom(slot), slot_bottom(slot) + KERNEL_STACK_BYTES);
    return true;
}

void *kernel_stack_alloc(void)
{
    size_t slot = SLOTS;
    spin_lock(&lock);
    bool mapped = kept_count > 0;
    if (mapped) {
        slot = kept[--kept_count];
    } else {
        slot = bitmap_find_clear(used, SLOTS, lowest_free);
        lowest_free = slot;
        if (slot < SLOTS)
            bitmap_set(used, slot);
    }
    spin_unlock(&lock);
    if (slot == SLOTS)
        return NULL;
    if (!mapped && !slot_map(slot)) {
        slot_release(slot);
        return NULL;
    }
    strict_stack_fill((void *)slot_bottom(slot));
    return (void *)(slot_bottom(slot) + KERNEL_STACK_BYTES);
}

// Unmap, flush once, then put. The entries keep their frames' addresses, without PTE_VALID, until then.
static void unmap_slots(const unsigned *slots, unsigned count)
{
    vaddr_t start = UINT64_MAX, end = 0;
    for (unsigned i = 0; i < count; i++) {
        vaddr_t bottom = slot_bottom(slots[i]);
        start = bottom < start ? bottom : start;
        end = bottom + KERNEL_STACK_BYTES > end ? bottom + KERNEL_STACK_BYTES : end;
        for (unsigned page = 0; page < STACK_PAGES; page++)
            leaf_entries(slots[i])[page] &= ~PTE_VALID;
    }
    tlb_flush_kernel(start, end);
    for (unsigned i = 0; i < count; i++)
        slot_release(slots[i]);
}

unsigned kernel_stacks_reclaim(unsigned most)
{
    unsigned batch[KEPT_MOST], count = 0;
    spin_lock(&lock);
    while (count < most && kept_count > 0)
        batch[count++] = kept[--kept_count];
    spin_unlock(&lock);
    if (count > 0)
        unmap_slots(batch, count);
    return count;
}

void kernel_stack_free(void *top)
{
    strict_stack_measure((uint8_t *)top - KERNEL_STACK_BYTES);
    spin_lock(&lock);
    while (kept_count == KEPT_MOST) {
        spin_unlock(&lock);
        kernel_stacks_reclaim(KEPT_MOST / 2);
        spin_lock(&lock);
    }
    kept[kept_count++] = (unsigned)(((vaddr_t)top - 1 - KERNEL_STACK_BASE) / SLOT_BYTES);
    spin_unlock(&lock);
}

void kernel_stack_for_each_frame(void (*visit)(struct frame *frame))
{
    for (size_t slot = 0; slot < SLOTS; slot++) {
        if (*level1_entry(slot) == 0)
            continue;
        if (slot * SLOT_BYTES % TABLE_SPAN == 0)
            visit(entry_frame(*level1_entry(slot)));
        for (unsigned i = 0; bitmap_test(used, slot) && i < STACK_PAGES; i++)
            if (leaf_entries(slot)[i] != 0)
                visit(entry_frame(leaf_entries(slot)[i]));
    }
}
