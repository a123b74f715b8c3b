// SPDX-License-Identifier: MIT
//
// The shadow that tells for each eight bytes of the kernel half which may be used, mapped at a fixed distance:
//
//   0xfffffff000000000  of the direct map, where there is RAM: an eighth of it
//   0xfffffff7e8000000  of the kernel stacks: 4 KiB for a slot, for so many slots as fit RAM
//   0xfffffff7f0040000  of the image: an array in .bss, there from the first C function on
//
// All else is a page of zeros: whatever lies there is not checked. The memory is set aside before the frame
// allocator begins, by the largest leaves; root entries are made before the kernel's page table is loaded.

#include "tests/instruments/kasan.h"
#include "tests/instruments/set_aside.h"

#include "arch/machine.h"
#include "arch/thread.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/private.h"

#include "lib/log.h"

#define SHADOW_ROOTS       32
#define RAM_ROOTS          4 // of them: 8 GiB of addresses each, those of 32 GiB of RAM
#define FIRST_ROOT         (SHADOW_BASE >> 30 & (TABLE_ENTRIES - 1))
#define IMAGE_MOST         ((uint64_t)6 << 20)
#define IMAGE_SHADOW_PAGES (IMAGE_MOST / GRANULE / PAGE_SIZE)
#define RAM_PER_STACK_LEAF ((uint64_t)32 << 20) // a leaf of 2 MiB is for 512 stacks
#define SLOT_BYTES         (2 * KERNEL_STACK_BYTES)

typedef pte_t page_table[TABLE_ENTRIES] __attribute__((aligned(4096)));

static uint8_t zeros[PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t image_shadow[IMAGE_MOST / GRANULE] __attribute__((aligned(4096)));
static page_table zero_leaves, zero_middle; // a table full of zeros, and a table full of that
static page_table ram_middle[RAM_ROOTS], high_middle, image_leaves;
static uint64_t stack_slots;

static pte_t link_to(const page_table *table)
{
    return pte_link(virt_to_phys(table));
}

static void link_roots(pte_t *root)
{
    for (unsigned i = 0; i < SHADOW_ROOTS; i++)
        root[FIRST_ROOT + i] = link_to(i < RAM_ROOTS           ? &ram_middle[i]
                                       : i == SHADOW_ROOTS - 1 ? &high_middle
                                                               : &zero_middle);
}

// The slot of a table for the shadow of `address`, which has `shift` bits below it.
static unsigned slot_for(uint64_t address, unsigned shift)
{
    return (uint64_t)shadow_of(address) >> shift & (TABLE_ENTRIES - 1);
}

void shadow_early(void)
{
    for (unsigned i = 0; i < TABLE_ENTRIES; i++) {
        zero_leaves[i] = image_leaves[i] = kernel_leaf(virt_to_phys(zeros), PTE_READ);
        zero_middle[i] = high_middle[i] = link_to(&zero_leaves);
        for (unsigned root = 0; root < RAM_ROOTS; root++)
            ram_middle[root][i] = link_to(&zero_leaves);
    }
    unsigned first = slot_for((uint64_t)kernel_start, PAGE_SHIFT);
    for (unsigned i = 0; i < IMAGE_SHADOW_PAGES; i++)
        image_leaves[first + i] = kernel_leaf(virt_to_phys(image_shadow) + i * PAGE_SIZE, PTE_READ | PTE_WRITE);
    high_middle[slot_for((uint64_t)kernel_start, 21)] = link_to(&image_leaves);
    link_roots((pte_t *)((csr_read(satp) << PAGE_SHIFT) + DIRECT_MAP_BASE)); // the mode is shifted out
    fence_translations();
}

// --- RAM and stacks: once the device tree has said how much there is ----------------------------------------

static uint64_t leaf_down(uint64_t address)
{
    return address & ~(TABLE_SPAN - 1);
}

// Maps the shadow in [from, to), whole leaves, to memory from *at on. A leaf may have been mapped for a neighbour.
static void map_leaves(uint64_t from, uint64_t to, paddr_t *at)
{
    for (; from < to; from += TABLE_SPAN) {
        unsigned root = (from - SHADOW_BASE) >> 30;
        if (root >= RAM_ROOTS && root != SHADOW_ROOTS - 1)
            fatal("kasan: RAM beyond %d GiB has no shadow", RAM_ROOTS * GRANULE);
        pte_t *entry = &(root < RAM_ROOTS ? ram_middle[root] : high_middle)[from >> 21 & (TABLE_ENTRIES - 1)];
        if (*entry != link_to(&zero_leaves))
            continue;
        *entry = kernel_leaf(*at, PTE_READ | PTE_WRITE);
        *at += TABLE_SPAN;
    }
}

static uint64_t ram_shadow(const struct memory_range *range, uint64_t *end)
{
    *end = leaf_down((uint64_t)shadow_of(DIRECT_MAP_BASE + range->start + range->bytes) + TABLE_SPAN - 1);
    return leaf_down((uint64_t)shadow_of(DIRECT_MAP_BASE + range->start));
}

void __real_kernel_map_build(void);
void __wrap_kernel_map_build(void);
void __wrap_kernel_map_build(void)
{
    if ((uint64_t)(kernel_end - kernel_start) > IMAGE_MOST)
        fatal("kasan: IMAGE_MOST is too small");
    uint64_t ram = 0, bytes = 0, end;
    for (unsigned i = 0; i < machine.memory_ranges; i++) {
        uint64_t start = ram_shadow(&machine.memory[i], &end);
        ram += machine.memory[i].bytes;
        bytes += end - start;
    }
    uint64_t stacks = (ram / RAM_PER_STACK_LEAF + 1) * TABLE_SPAN; // but the image's shadow begins behind
    uint64_t first = (uint64_t)shadow_of(KERNEL_STACK_BASE);
    uint64_t room = leaf_down((uint64_t)shadow_of((uint64_t)kernel_start)) - first;
    stacks = stacks < room ? stacks : room;
    paddr_t at = set_aside(bytes + stacks);
    __real_memset(phys_to_virt(at), 0, bytes + stacks);
    for (unsigned i = 0; i < machine.memory_ranges; i++) {
        uint64_t start = ram_shadow(&machine.memory[i], &end);
        map_leaves(start, end, &at);
    }
    map_leaves(first, first + stacks, &at);
    stack_slots = stacks * GRANULE / SLOT_BYTES;
    link_roots(phys_to_virt(kernel_root_address()));
    __real_kernel_map_build();
}

bool shadow_has_stack(const void *top)
{
    return ((uint64_t)top - 1 - KERNEL_STACK_BASE) / SLOT_BYTES < stack_slots;
}
