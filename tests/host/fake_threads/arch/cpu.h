// SPDX-License-Identifier: MIT
//
// Stands in for arch/cpu.h where each hart is a thread of the host: see tests/host/test_tlb_threads.c.

#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "arch/types.h"

struct hart {
    unsigned index;
};
extern _Thread_local struct hart self;

static inline struct hart *this_hart(void)
{
    return &self;
}

static inline void irq_push_off(void)
{
}

static inline void irq_pop_off(void)
{
}

enum { IPI_TLB = 2 };
unsigned harts_online(void);
void ipi_send(unsigned hart_index, uint32_t bits);
void cpu_spin_turn(void);

#endif
