// SPDX-License-Identifier: MIT
//
// The raw loops that touch user memory with SUM set. They use user addresses and fault like user code
// does; a fault that vm_fault() cannot resolve continues at the loop's fixup, which reports what is left.
// Only lib/uaccess.c calls these.

#ifndef ARCH_UACCESS_H
#define ARCH_UACCESS_H

#include "arch/types.h"

// => returns the number of bytes NOT copied; the range lies in the user half
size_t arch_copy_from_user(void *destination, uint64_t source, size_t bytes);
size_t arch_copy_to_user(uint64_t destination, const void *source, size_t bytes);
size_t arch_clear_user(uint64_t destination, size_t bytes);
// => returns the length without the terminator, `most` when none was met, -1 on a fault
int64_t arch_strncpy_from_user(char *destination, uint64_t source, size_t most);

// Aligned words, one access each. => return 0, or -EFAULT on a fault
int arch_load_user_word(uint64_t source, uint32_t *value);
// If the word is *found, it becomes `value`; *found becomes what it was.
int arch_exchange_user_word(uint64_t address, uint32_t *found, uint32_t value);

// Where a fault at kernel address `pc` continues; 0: not in a user-copy loop.
uint64_t uaccess_fixup(uint64_t pc);

#endif
