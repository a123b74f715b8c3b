// SPDX-License-Identifier: MIT
//
// Frames that were freed are not in the direct map until they are allocated again: whoever still has a
// pointer into one faults at the line that uses it. Only the hart that frees one forgets it at once; another
// may go on with a translation that it remembers, so it may not be caught, but nobody faults who may use the
// frame: each page has one place in the direct map, for ever, and QEMU remembers no entry that is not valid.
//
// For that all leaves of the direct map are of 4 KiB; the tables are taken from RAM before the frame
// allocator begins (--wrap=frame_init). Frames that nobody has allocated yet stay mapped. Called by
// strict/lib/poison.h, for mm/frame.c.

#include "tests/instruments/set_aside.h"
#include "tests/instruments/strict_frames.h"

#include "arch/machine.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/private.h"
#include "mm/frame.h"

static pte_t *next_table; // of those that were set aside

static unsigned bits_below(unsigned level)
{
    return PAGE_SHIFT + 9 * level;
}

// Puts a table of 512 leaves in the place of one.
static void split(pte_t *entry, unsigned level)
{
    pte_t leaf = *entry;
    pte_t *table = next_table;
    next_table += TABLE_ENTRIES;
    for (uint64_t i = 0; i < TABLE_ENTRIES; i++)
        table[i] = leaf + (i << bits_below(level - 1) >> PAGE_SHIFT << 10);
    *entry = pte_link(virt_to_phys(table));
}

static void split_all(pte_t *entries, unsigned count, unsigned level)
{
    for (pte_t *entry = entries; entry < entries + count; entry++) {
        if (!(*entry & PTE_VALID))
            continue;
        if (*entry & PTE_READ)
            split(entry, level);
        if (level > 1)
            split_all(phys_to_virt(pte_address(*entry)), TABLE_ENTRIES, level - 1);
    }
}

void __real_frame_init(void);
void __wrap_frame_init(void);
void __wrap_frame_init(void)
{
    uint64_t tables = 0; // at most: as if there were leaves of 2 MiB and of 1 GiB everywhere
    for (unsigned i = 0; i < machine.memory_ranges; i++)
        tables += (machine.memory[i].bytes >> bits_below(1)) + (machine.memory[i].bytes >> bits_below(2));
    next_table = phys_to_virt(set_aside(tables * PAGE_SIZE));
    pte_t *root = phys_to_virt(kernel_root_address());
    split_all(root + TABLE_ENTRIES / 2, DIRECT_MAP_ROOTS, 2);
    fence_translations();
    __real_frame_init();
}

static pte_t *leaf_of(const void *page)
{
    pte_t *entry = NULL;
    paddr_t table = kernel_root_address();
    for (int level = 2; level >= 0; level--) {
        entry = (pte_t *)phys_to_virt(table) + ((vaddr_t)page >> bits_below(level) & (TABLE_ENTRIES - 1));
        table = pte_address(*entry);
    }
    return entry;
}

void strict_withdraw(const void *page)
{
    *leaf_of(page) &= ~PTE_VALID;
    fence_translations();
}

void strict_give_back(const void *page)
{
    *leaf_of(page) |= PTE_VALID;
    fence_translations();
}
