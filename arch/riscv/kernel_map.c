// SPDX-License-Identifier: MIT
//
// The kernel's half of the address space, sv39 (privileged spec 4.4), and device mappings in it.
//
//   0xffffffc000000000  direct map: all RAM, read-write, by 1 GiB, 2 MiB and 4 KiB leaves;
//                       where the image's text and constants lie, read-only
//   0xffffffff00000000  device registers (mmio_map)
//   0xffffffff40000000  kernel stacks (kernel_stack.c)
//   0xffffffff80200000  kernel image: text RX, rodata R, data RW; the boot stack's guard is not mapped
//
// Built by the boot hart before anything else runs. Tables come from a small array in .bss: there is no frame
// allocator yet, and being part of the image they are reserved.

#include "arch/riscv/kernel_map.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"
#include "arch/riscv/tlb_private.h"

#include "arch/machine.h"
#include "arch/mmu.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "lib/string.h"

#define BOOT_TABLES  64
#define PHYSICAL_END ((paddr_t)1 << 56) // sv39: 44 bits of page number
#define READ_WRITE   (PTE_READ | PTE_WRITE)

typedef pte_t page_table[TABLE_ENTRIES];

static page_table kernel_root __attribute__((aligned(4096)));
static page_table boot_tables[BOOT_TABLES] __attribute__((aligned(4096)));
static unsigned boot_tables_used;
uint64_t kernel_satp; // entry.S loads it on secondary harts

// phys_to_virt and back: the direct map for RAM; the image has a second place.
void *phys_to_virt(paddr_t address)
{
    return (void *)(address + DIRECT_MAP_BASE);
}

paddr_t virt_to_phys(const void *address)
{
    uint64_t va = (uint64_t)address;
    return va >= KERNEL_IMAGE_BASE ? va - KERNEL_IMAGE_BASE + KERNEL_IMAGE_GIB : va - DIRECT_MAP_BASE;
}

static pte_t *slot_of(pte_t *table, vaddr_t va, unsigned level)
{
    return &table[va >> (PAGE_SHIFT + 9 * level) & (TABLE_ENTRIES - 1)];
}

// The table that `slot` names, made when there is none. NULL: no table left.
static pte_t *table_below(pte_t *slot)
{
    if (!(*slot & PTE_VALID)) {
        if (boot_tables_used == BOOT_TABLES)
            return NULL;
        *slot = pte_link(virt_to_phys(boot_tables[boot_tables_used++]));
    }
    return phys_to_virt(pte_address(*slot));
}

// Maps [va, va + bytes) to pa on by the largest leaves that fit. => all page aligned, nothing there yet
static bool map_range(vaddr_t va, paddr_t pa, uint64_t bytes, pte_t rights)
{
    while (bytes > 0) {
        pte_t *table = kernel_root;
        uint64_t leaf_bytes = (uint64_t)1 << 30;
        unsigned level = 2;
        while (((va | pa) & (leaf_bytes - 1)) != 0 || bytes < leaf_bytes) {
            table = table_below(slot_of(table, va, level--));
            leaf_bytes >>= 9;
            if (!table)
                return false;
        }
        *slot_of(table, va, level) = kernel_leaf(pa, rights);
        va += leaf_bytes;
        pa += leaf_bytes;
        bytes -= leaf_bytes;
    }
    return true;
}

static void must_map(vaddr_t va, paddr_t pa, uint64_t bytes, pte_t rights)
{
    if (!map_range(va, pa, bytes, rights))
        fatal("boot page tables do not suffice for this machine's RAM ranges");
}

static void map_image(const char *start, const char *end, pte_t rights)
{
    must_map((vaddr_t)start, virt_to_phys(start), (uint64_t)(end - start), rights);
}

// One RAM range, cut where [image_start, image_end), text and constants, begins and ends.
static void map_ram(paddr_t start, paddr_t end, paddr_t image_start, paddr_t image_end)
{
    while (start < end) {
        bool inside = start >= image_start && start < image_end;
        paddr_t cut = start < image_start ? image_start : inside ? image_end : end;
        cut = cut < end ? cut : end;
        must_map(DIRECT_MAP_BASE + start, start, cut - start, inside ? PTE_READ : READ_WRITE);
        start = cut;
    }
}

void kernel_map_build(void)
{
    for (unsigned i = 0; i < machine.memory_ranges; i++)
        map_ram(machine.memory[i].start, machine.memory[i].start + machine.memory[i].bytes,
                virt_to_phys(kernel_start), virt_to_phys(data_start));
    map_image(kernel_start, rodata_start, PTE_READ | PTE_EXECUTE);
    map_image(rodata_start, data_start, PTE_READ);
    map_image(data_start, boot_stack_guard, READ_WRITE);
    map_image(boot_stack_bottom, kernel_end, READ_WRITE);
    // The two windows get their level-1 tables now: root entries never change after this.
    if (!table_below(slot_of(kernel_root, MMIO_BASE, 2)) || !kernel_stack_table())
        fatal("boot page tables do not suffice");
    kernel_satp = SATP_SV39 | kernel_root_address() >> PAGE_SHIFT;
    fence_translations(); // entries before satp, satp before what follows
    mmu_set_root(kernel_root_address(), 0);
    fence_translations();
    uint64_t most = boot_argument_u64("asid_bits", SATP_ASID_BITS); // fewer: for tests
    unsigned bits = mmu_asid_bits();
    tlb_init(most < bits ? (unsigned)most : bits);
}

pte_t *kernel_stack_table(void)
{
    return table_below(slot_of(kernel_root, KERNEL_STACK_BASE, 2));
}

void kernel_root_copy(pte_t *root)
{
    memcpy(&root[TABLE_ENTRIES / 2], &kernel_root[TABLE_ENTRIES / 2], sizeof(kernel_root) / 2);
}

paddr_t kernel_root_address(void)
{
    return virt_to_phys(kernel_root);
}

// Device registers are handed out in two sizes: pages from the window's first 2 MiB, and 2 MiB leaves behind
// it for what is larger. Nothing is ever given back. No remote fence: drivers map their registers on the boot
// hart before harts_start().
volatile void *mmio_map(paddr_t address, size_t bytes)
{
    static struct spinlock lock = SPINLOCK_INIT(RANK_STACKS);
    static vaddr_t next_page = MMIO_BASE, next_large = MMIO_BASE + TABLE_SPAN;
    paddr_t first = page_round_down(address), end = page_round_up(address + bytes);
    bool large = end - first >= TABLE_SPAN;
    if (large) {
        first &= ~(TABLE_SPAN - 1);
        end = (end + TABLE_SPAN - 1) & ~(TABLE_SPAN - 1);
    }
    vaddr_t *next = large ? &next_large : &next_page;
    vaddr_t limit = large ? KERNEL_STACK_BASE : MMIO_BASE + TABLE_SPAN;
    volatile void *registers = NULL;
    spin_lock(&lock);
    if (bytes > 0 && address < PHYSICAL_END && bytes <= PHYSICAL_END - address &&
        end - first <= limit - *next && map_range(*next, first, end - first, READ_WRITE)) {
        registers = (volatile void *)(*next + (address - first));
        *next += end - first;
        fence_translations();
    }
    spin_unlock(&lock);
    return registers;
}
