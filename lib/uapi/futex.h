// SPDX-License-Identifier: MIT
// futex(2), and the list of robust futexes that the kernel walks when a thread ends (get_robust_list(2)).
#pragma once

#include <stdint.h>

enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_WAIT_BITSET = 9,
       FUTEX_WAKE_BITSET, FUTEX_PRIVATE_FLAG = 128, FUTEX_CLOCK_REALTIME = 256 };
#define FUTEX_BITSET_MATCH_ANY 0xffffffffu

// The word of a robust futex: the owner's tid and these.
#define FUTEX_WAITERS    0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_TID_MASK   0x3fffffffu

// User addresses. Bit 0 of an entry's address says that its futex inherits priority.
struct robust_list_head {
    uint64_t list;    // first entry, itself the address of the next; the head's own address ends it
    int64_t offset;   // from an entry to its futex word
    uint64_t pending; // an entry that is being put on the list, or taken off
};
