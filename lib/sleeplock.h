// SPDX-License-Identifier: MIT
//
// Locks whose holder may sleep: a reader-writer lock, and a mutex, which is one that nobody reads. Fair: a
// lock that comes free is handed to whoever has waited longest, so nobody overtakes; a reader queues behind
// a waiting writer. (So a task must never take a lock for reading twice.) They take part in the rank check
// (lib/lockrank.h), per task rather than per hart.
//
// Taking a lock: => called with no spin lock held; may sleep (the try form does not). `why_safe` allows a
// second lock of the rank already held, and is documentation that panics print.
#pragma once

#include "lib/wait.h"

struct CAPABILITY("rwlock") rwlock {
    struct wait_queue queue; // its lock guards the next two
    struct task *writer;
    unsigned readers;
    uint16_t rank; // enum lock_rank; constant
};
void rwlock_init(struct rwlock *lock, enum lock_rank rank);
void rwlock_read(struct rwlock *lock) ACQUIRE_SHARED(lock);
void rwlock_read_unlock(struct rwlock *lock) RELEASE_SHARED(lock);
void rwlock_write_nested(struct rwlock *lock, const char *why_safe) ACQUIRE(lock);
#define rwlock_write(lock) rwlock_write_nested((lock), NULL)
bool rwlock_write_try(struct rwlock *lock) TRY_ACQUIRE(lock);
void rwlock_write_unlock(struct rwlock *lock) RELEASE(lock);
bool rwlock_held_for_write(const struct rwlock *lock); // by the current task
bool rwlock_held(const struct rwlock *lock);           // by anybody, in either mode (assertions only)

struct mutex {
    struct rwlock lock;
};
#define mutex_init(mutex, rank) rwlock_init(&(mutex)->lock, (rank))
#define mutex_lock(mutex)       rwlock_write(&(mutex)->lock)
#define mutex_trylock(mutex)    rwlock_write_try(&(mutex)->lock)
#define mutex_unlock(mutex)     rwlock_write_unlock(&(mutex)->lock)
