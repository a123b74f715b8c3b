// SPDX-License-Identifier: MIT
//
// The inner side of tlb.c: for the interrupt code and for the page tables.
#pragma once

#include "arch/tlb.h"

// Do what other harts have asked this one to do. Called for IPI_TLB and by every turn of a spinning loop;
// cheap when nothing is asked. => interrupts off; takes no lock
void tlb_serve(void);

// Once, before any space is activated: how many bits an ASID has on these harts, 0 to 16.
void tlb_init(unsigned asid_bits);

// Make this hart forget the leaf of a page, or all of pt, when it runs pt; elsewhere there is no hurry.
void tlb_fence_page_here(const struct pagetable *pt, vaddr_t page);
void tlb_fence_here(const struct pagetable *pt);

// Every hart that has pt in satp takes the kernel root instead; on return none can reach pt or its tables.
// => no thread uses pt any more; holds no spin lock
void tlb_evict(struct pagetable *pt);
