// SPDX-License-Identifier: MIT
//
// One entry of an sv39 page table as a number (privileged spec 1.12, sections 4.3.1 and 4.4.1): what its bits
// mean, how it is made, what can be read out of it. Pure functions; included by the page-table files only.
//
//    63    54 53                   10 9 8 7 6 5 4 3 2 1 0
//   |   0    | physical page number  |-|P|D|A|G|U|X|W|R|V|     P: ours (the spec leaves bits 8 and 9 to software)
//
// V=0: hardware stops here and ignores the other bits. V=1 and R=W=X=0: a link to the table one level down,
// where D, A, U must be 0 too. Anything else is a leaf. In our user halves a leaf occurs at level 0, and at level 1
// for a 2 MiB page (pagetable_mega.c).
//
// A level-1 entry is EMPTY (0), LINKED (a link: the leaf table is this space's own), or LENT: V=0, so hardware
// cannot pass, with the address of a leaf table that other spaces may name too (docs/LENDING.md). A root entry
// is EMPTY or LINKED. In a leaf table V=0 and not 0 is a page that is swapped out: the number of its slot, never 0,
// stands in place of the page number.
#pragma once

#include "arch/pagetable.h"

typedef uint64_t pte_t;

#define PTE_VALID    ((pte_t)1 << 0)
#define PTE_READ     ((pte_t)1 << 1)
#define PTE_WRITE    ((pte_t)1 << 2)
#define PTE_EXECUTE  ((pte_t)1 << 3)
#define PTE_USER     ((pte_t)1 << 4)
#define PTE_GLOBAL   ((pte_t)1 << 5) // kernel half only
#define PTE_ACCESSED ((pte_t)1 << 6)
#define PTE_DIRTY    ((pte_t)1 << 7)
#define PTE_PRIVATE  ((pte_t)1 << 8) // stores are for this space alone: a copied table takes W away on both sides
#define PTE_LENT     ((pte_t)1 << 9) // in a level-1 entry with V=0

#define PTE_RIGHTS   (PTE_READ | PTE_WRITE | PTE_EXECUTE)

// enum pt_prot is R, W, X in the order of the entry, one bit lower.
_Static_assert(PT_R << 1 == PTE_READ && PT_W << 1 == PTE_WRITE && PT_X << 1 == PTE_EXECUTE, "order of rights");

static inline pte_t pte_rights(unsigned prot)
{
    return (pte_t)prot << 1;
}

static inline unsigned pte_prot(pte_t entry)
{
    return (unsigned)((entry & PTE_RIGHTS) >> 1);
}

static inline paddr_t pte_address(pte_t entry)
{
    return (entry << 10 >> 20) << PAGE_SHIFT; // bits 53-10
}

// A, and D where stores are allowed, are set in advance: harts that do not set them would only fault for it
// (4.3.1 permits both kinds). The strict build starts with neither, so that nobody comes to rely on them.
static inline pte_t pte_fresh(pte_t leaf)
{
    leaf &= ~(PTE_ACCESSED | PTE_DIRTY);
#if !KINE_OPTION_STRICT
    leaf |= PTE_ACCESSED | (leaf & PTE_WRITE ? PTE_DIRTY : 0);
#endif
    return leaf;
}

static inline pte_t pte_leaf(paddr_t address, unsigned prot, bool private)
{
    return pte_fresh(address >> PAGE_SHIFT << 10 | PTE_VALID | PTE_USER | pte_rights(prot) |
                     (private ? PTE_PRIVATE : 0));
}

// 0: the leaf is empty, or names a frame
static inline uint32_t pte_slot(pte_t leaf)
{
    return leaf & PTE_VALID ? 0 : (uint32_t)(leaf >> 10);
}

static inline pte_t pte_link(paddr_t table)
{
    return table >> PAGE_SHIFT << 10 | PTE_VALID;
}

// A level-1 leaf with the address and the rights of the first leaf of a table. A and D are set for good.
static inline pte_t pte_mega(pte_t first)
{
    return first | PTE_ACCESSED | PTE_DIRTY;
}

static inline pte_t pte_lent(paddr_t table)
{
    return table >> PAGE_SHIFT << 10 | PTE_LENT;
}
