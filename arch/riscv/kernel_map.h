// SPDX-License-Identifier: MIT
//
// The kernel half of every address space (picture in kernel_map.c). Its root entries are made once, at
// boot, and never change; tables below them do. For arch/riscv alone.
#pragma once

#include "arch/riscv/pte.h"

// A leaf of the kernel half: global, and with A and D set, so that no hardware needs to write here.
static inline pte_t kernel_leaf(paddr_t address, pte_t rights)
{
    return address >> PAGE_SHIFT << 10 | PTE_VALID | PTE_GLOBAL | PTE_ACCESSED | PTE_DIRTY | rights;
}

// Fill entries 256..511 of a fresh user root.
void kernel_root_copy(pte_t *root);
// The root with an empty user half: what a hart without a user space runs on.
paddr_t kernel_root_address(void);

// Boot: builds the real page table from struct machine and loads it.
void kernel_map_build(void);
// The level-1 table of the kernel-stack area, for kernel_stack.c.
pte_t *kernel_stack_table(void);
