// SPDX-License-Identifier: MIT
//
// The instructions that steer address translation on this hart, one function each. Only arch/riscv includes
// this; the host tests put a hart of their own in its place.
//
// sfence.vma rs1, rs2 (privileged spec 4.2.1) tells the hart to forget what it may have cached of the page
// tables: rs1 = x0 means all addresses and every level, else the leaf of one page; rs2 = x0 means every
// address space and global entries, else one ASID without global entries. All our spaces have ASID 0, which
// must be given in a register other than x0.

#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/types.h"

#define SATP_SV39 ((uint64_t)8 << 60)

// What was cached under the old root stays until mmu_fence_space() (4.2.1: satp does not imply a fence).
static inline void mmu_set_root(paddr_t root)
{
    __asm__ volatile("csrw 0x180, %0" : : "r"(SATP_SV39 | root >> PAGE_SHIFT) : "memory"); // satp
}

static inline void mmu_fence_page(vaddr_t page)
{
    __asm__ volatile("li t0, 0\n\tsfence.vma %0, t0" : : "r"(page) : "t0", "memory");
}

static inline void mmu_fence_space(void)
{
    __asm__ volatile("li t0, 0\n\tsfence.vma x0, t0" : : : "t0", "memory");
}

static inline void mmu_fence_kernel_page(vaddr_t page)
{
    __asm__ volatile("sfence.vma %0, x0" : : "r"(page) : "memory");
}

static inline void mmu_fence_all(void)
{
    __asm__ volatile("sfence.vma x0, x0" : : : "memory");
}

static inline void mmu_fence_instructions(void)
{
    __asm__ volatile("fence.i" : : : "memory");
}

#endif
