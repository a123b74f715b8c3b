// SPDX-License-Identifier: MIT
//
// The kernel half of every address space (picture in kernel_map.c). Its root entries are made once, at
// boot, and never change; tables below them do. For arch/riscv alone.

#ifndef RISCV_KERNEL_MAP_H
#define RISCV_KERNEL_MAP_H

#include "arch/types.h"

// Fill entries 256..511 of a fresh user root.
void kernel_root_copy(uint64_t *root);
// The root with an empty user half: what a hart without a user space runs on.
paddr_t kernel_root_address(void);

// Boot: builds the real page table from struct machine and loads it.
void kernel_map_build(void);
// The level-1 table of the kernel-stack area, for kernel_stack.c.
uint64_t *kernel_stack_table(void);

#endif
