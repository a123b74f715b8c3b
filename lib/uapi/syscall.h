// SPDX-License-Identifier: MIT
// SYS_name: the number of each system call, for C and for assembly. A program puts it in a7, the arguments in
// a0-a5, executes ecall, and finds the result (or -errno) in a0.
#pragma once

#define ALL_SYSCALLS 1
#ifdef __ASSEMBLER__
#define SYSCALL(name, number, arguments) .set SYS_##name, number
#include "uapi/syscall_table.h"
#else
#define SYSCALL(name, number, arguments) SYS_##name = number,
enum {
#include "uapi/syscall_table.h"
};
#endif
#undef SYSCALL
#undef ALL_SYSCALLS
