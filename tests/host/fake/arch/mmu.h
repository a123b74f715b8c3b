// SPDX-License-Identifier: MIT
//
// The translation instructions of the fake harts; see tests/host/fake_machine.h.

#ifndef ARCH_MMU_H
#define ARCH_MMU_H

#include "arch/types.h"

void mmu_set_root(paddr_t root, uint64_t asid);
void mmu_fence_page(vaddr_t page, uint64_t asid);
void mmu_fence_space(uint64_t asid);
void mmu_fence_kernel_page(vaddr_t page);
void mmu_fence_all(void);
void mmu_fence_instructions(void);

#endif
