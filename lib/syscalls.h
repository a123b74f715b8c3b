// SPDX-License-Identifier: MIT
//
// sys_name: the function of each system call, defined next to what it serves, in fs/ or proc/. Raw registers
// come in. => returns a value or -errno, as the Linux manual page of the call says; called with no lock held.
#pragma once

#include <stdint.h>

#define PARAMETERS_0 void
#define PARAMETERS_1 uint64_t
#define PARAMETERS_2 PARAMETERS_1, uint64_t
#define PARAMETERS_3 PARAMETERS_2, uint64_t
#define PARAMETERS_4 PARAMETERS_3, uint64_t
#define PARAMETERS_5 PARAMETERS_4, uint64_t
#define PARAMETERS_6 PARAMETERS_5, uint64_t

#define ALL_SYSCALLS                     1
#define SYSCALL(name, number, arguments) int64_t sys_##name(PARAMETERS_##arguments);
#include "uapi/syscall_table.h"
#undef SYSCALL
#undef ALL_SYSCALLS
