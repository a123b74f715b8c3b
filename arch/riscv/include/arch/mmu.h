// SPDX-License-Identifier: MIT
//
// The instructions that steer address translation on this hart, one function each. Only arch/riscv includes
// this; the host tests put a hart of their own in its place.
//
// sfence.vma rs1, rs2 (privileged spec 4.2.1) tells the hart to forget what it may have cached of the page
// tables: rs1 = x0 means all addresses and every level, else the leaf of one page; rs2 = x0 means every
// address space and global entries, else one ASID without global entries. An ASID, 0 too, is given in a
// register other than x0.
#pragma once

#include "arch/types.h"

#define SATP_SV39       ((uint64_t)8 << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_BITS  16 // as many as the field has; a hart may implement fewer, even none

// What is cached under other ASIDs stays, and is not used (4.2.1: satp does not imply a fence).
static inline void mmu_set_root(paddr_t root, uint64_t asid)
{
    uint64_t satp = SATP_SV39 | asid << SATP_ASID_SHIFT | root >> PAGE_SHIFT;
    __asm__ volatile("csrw 0x180, %0" : : "r"(satp) : "memory");
}

// How many bits of the ASID field this hart keeps (4.1.11: the implemented ones are the low ones).
static inline unsigned mmu_asid_bits(void)
{
    uint64_t satp, ones = (((uint64_t)1 << SATP_ASID_BITS) - 1) << SATP_ASID_SHIFT, kept;
    __asm__ volatile("csrr %0, 0x180\n\tcsrs 0x180, %2\n\tcsrr %1, 0x180\n\tcsrw 0x180, %0\n\tsfence.vma"
                     : "=&r"(satp), "=&r"(kept)
                     : "r"(ones)
                     : "memory");
    return (unsigned)__builtin_popcountll(kept & ones);
}

static inline void mmu_fence_page(vaddr_t page, uint64_t asid)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(page), "r"(asid) : "memory");
}

static inline void mmu_fence_space(uint64_t asid)
{
    __asm__ volatile("sfence.vma x0, %0" : : "r"(asid) : "memory");
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
