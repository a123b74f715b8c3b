// SPDX-License-Identifier: MIT
// Pages, addresses, and the registers that user mode may read.
#pragma once

#define PGSIZE               4096
#define PGSHIFT              12
#define PGROUNDUP(bytes)     (((bytes) + PGSIZE - 1) & ~(uint64)(PGSIZE - 1))
#define PGROUNDDOWN(address) ((address) & ~(uint64)(PGSIZE - 1))

#define MAXVA (1L << 38) // the first address behind the user half of sv39

#ifndef __ASSEMBLER__
#include "kernel/types.h"

static inline uint64 r_sp(void)
{
    uint64 value;
    __asm__ volatile("mv %0, sp" : "=r"(value));
    return value;
}

static inline uint64 r_fp(void)
{
    uint64 value;
    __asm__ volatile("mv %0, s0" : "=r"(value));
    return value;
}

static inline uint64 r_time(void) // ticks of 100 ns on QEMU's virt
{
    uint64 value;
    __asm__ volatile("csrr %0, time" : "=r"(value));
    return value;
}
#endif
