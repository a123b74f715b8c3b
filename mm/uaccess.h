// SPDX-License-Identifier: MIT
//
// The one path to user memory. A user pointer is an allegation: a type of its own that cannot be
// dereferenced, only handed to these. They use the user's own mapping and fault as the user would; COW,
// demand zero, file pages and stack growth need no second implementation.
#pragma once

#include "arch/types.h"

typedef struct {
    uint64_t address;
} user_ptr_t;

static inline user_ptr_t user_ptr(uint64_t address)
{
    return (user_ptr_t){address};
}

static inline user_ptr_t user_offset(user_ptr_t pointer, uint64_t bytes)
{
    return (user_ptr_t){pointer.address + bytes};
}

// All: => returns 0 or -EFAULT; may sleep; holds no spin lock and no inode lock (see *_nofault)
[[nodiscard]] int copy_from_user(void *destination, user_ptr_t source, size_t bytes);
[[nodiscard]] int copy_to_user(user_ptr_t destination, const void *source, size_t bytes);
[[nodiscard]] int clear_user(user_ptr_t destination, size_t bytes);
// => returns the length without the terminator, -EFAULT, or -ENAMETOOLONG when no terminator within `bytes`
[[nodiscard]] int64_t copy_string_from_user(char *destination, user_ptr_t source, size_t bytes);

// Atomic: an aligned word that is `expected` becomes `value`; *found is what it was. => as the copies
[[nodiscard]] int exchange_user_word(user_ptr_t pointer, uint32_t expected, uint32_t value, uint32_t *found);

// Page faults disabled: for code that holds an inode lock or a BUSY page.
// => returns the number of bytes NOT copied; then drop the locks, fault_in_readable, and try again
size_t copy_from_user_nofault(void *destination, user_ptr_t source, size_t bytes);
// An aligned word in one access; 0, or -EFAULT: as above.
[[nodiscard]] int load_user_word_nofault(uint32_t *value, user_ptr_t source);
// Touch the first page of the range so that it is there. 0 or -EFAULT
[[nodiscard]] int fault_in_readable(user_ptr_t source, size_t bytes);
