// SPDX-License-Identifier: MIT
//
// The seam between trap entry (arch, assembly) and trap dispatch (trap/): arch saves the registers,
// calls one of these two, and restores. Both are entered with interrupts off.
#pragma once

#include "arch/thread.h"

// Defined by trap/trap.c.
void trap_from_user(struct trap_frame *frame);
void trap_from_kernel(struct trap_frame *frame);
_Noreturn void kernel_main(void);             // boot hart, after arch_boot: console, page table, harts known
_Noreturn void kernel_main_secondary(void);   // every other hart, once harts_start() let it go

// scause (privileged spec table 4.2)
#define TRAP_INTERRUPT          ((uint64_t)1 << 63)
#define TRAP_SOFTWARE_INTERRUPT (TRAP_INTERRUPT | 1)
#define TRAP_TIMER_INTERRUPT    (TRAP_INTERRUPT | 5)
#define TRAP_EXTERNAL_INTERRUPT (TRAP_INTERRUPT | 9)
#define TRAP_FETCH_MISALIGNED   0
#define TRAP_ILLEGAL            2
#define TRAP_BREAKPOINT         3
#define TRAP_LOAD_MISALIGNED    4
#define TRAP_LOAD_ACCESS        5
#define TRAP_STORE_MISALIGNED   6
#define TRAP_STORE_ACCESS       7
#define TRAP_ECALL_USER         8
#define TRAP_FETCH_PAGE         12
#define TRAP_LOAD_PAGE          13
#define TRAP_STORE_PAGE         15
