// SPDX-License-Identifier: MIT
//
// The order of locks, checked at run time in debug builds: whoever takes a lock must hold only locks of
// lower rank (enum lock_rank in lib/spinlock.h). Spin locks are recorded per hart, sleep locks per task
// (`struct task` has a record, which sleep_held() finds). Only the owner of a record changes it,
// so it needs no lock; a panic reads it while the owner stands still.
#pragma once

#include "lib/spinlock.h"

#if KINE_OPTION_LOCK_RANKS
const char *lock_rank_name(enum lock_rank rank);
#else
#define lock_rank_name(rank) "rank not named"
#endif

#define CHECK_LOCK_RANKS (KINE_DEBUG && KINE_OPTION_LOCK_RANKS)
#if CHECK_LOCK_RANKS
enum { HELD_LOCKS_MAX = 12 };
struct held_locks {
    unsigned count;
    struct held_lock {
        const void *lock;
        const char *why_safe; // of a nested one, else NULL
        enum lock_rank rank;
    } held[HELD_LOCKS_MAX];
};

// Before waiting for a lock: panics when it is held already or when the order is wrong. A record of NULL (no
// task yet) is not checked.
void held_check(const struct held_locks *record, const void *lock, enum lock_rank rank, const char *why_safe);
void held_add(struct held_locks *record, const void *lock, enum lock_rank rank, const char *why_safe);
void held_drop(struct held_locks *record, const void *lock); // panics when it is not there
void held_print(const struct held_locks *record);            // logs one line a lock
void spin_print_held(unsigned hart);                         // the same for the spin locks of a hart
void assert_no_spinlocks(const char *what);                  // panics when this hart holds one
#else
struct held_locks {}; // costs nothing where nothing is checked
#define held_check(record, lock, rank, why_safe) ((void)(why_safe))
#define held_add(record, lock, rank, why_safe)   ((void)0)
#define held_drop(record, lock)                  ((void)0)
#define held_print(record)                       ((void)(record))
#define spin_print_held(hart)                    ((void)(hart))
#define assert_no_spinlocks(what)                ((void)0)
#endif
