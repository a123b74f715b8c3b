// SPDX-License-Identifier: MIT
//
// The inner side of tlb.c: for the interrupt code and for the page tables.

#ifndef RISCV_TLB_PRIVATE_H
#define RISCV_TLB_PRIVATE_H

#include "arch/tlb.h"

// Do what other harts have asked this one to do. Called for IPI_TLB and by every turn of a spinning loop;
// cheap when nothing is asked. => interrupts off; takes no lock
void tlb_serve(void);

// Every hart that has pt in satp takes the kernel root instead; on return none can reach pt or its tables.
// => no thread uses pt any more; holds no spin lock
void tlb_evict(struct pagetable *pt);

#endif
