// SPDX-License-Identifier: MIT
//
// Inside trap/: what the entry (trap.c) hands to the fault and system-call files.
#pragma once

#include "arch/trap.h"

// A page fault taken in user mode. => interrupts on; the signal, if any, is pending on return
void pagefault_from_user(const struct trap_frame *frame);
// A page fault taken in the kernel. => returns whether it was resolved or has a fixup; false: a kernel bug
bool pagefault_from_kernel(struct trap_frame *frame);

// ecall from user mode. => interrupts on
void syscall_dispatch(struct trap_frame *frame);
