// SPDX-License-Identifier: MIT
//
// Locks whose holder may sleep: a reader-writer lock, and a mutex, which is one that nobody reads. Fair: a
// lock that comes free is handed to whoever has waited longest, so nobody overtakes; a reader queues behind
// a waiting writer. (A task must therefore never take a lock for reading twice.) They take part in the
// rank check (lib/lockrank.h), per task rather than per hart.
//
// All functions that take a lock: => called with no spin lock held; may sleep (the try forms do not).
// `why_safe` allows a second lock of the rank already held and is documentation that panics print.

#ifndef LIB_SLEEPLOCK_H
#define LIB_SLEEPLOCK_H

#include "lib/wait.h"

struct CAPABILITY("rwlock") rwlock {
    struct wait_queue queue; // its lock guards the rest
    struct task *writer;
    unsigned readers;
    uint16_t rank; // enum lock_rank; constant
};
void rwlock_init(struct rwlock *lock, enum lock_rank rank);
void rwlock_read(struct rwlock *lock) ACQUIRE_SHARED(lock);
void rwlock_read_unlock(struct rwlock *lock) RELEASE_SHARED(lock);
void rwlock_write(struct rwlock *lock) ACQUIRE(lock);
void rwlock_write_nested(struct rwlock *lock, const char *why_safe) ACQUIRE(lock);
void rwlock_write_unlock(struct rwlock *lock) RELEASE(lock);
bool rwlock_held_for_write(const struct rwlock *lock); // by the current task
bool rwlock_held(const struct rwlock *lock);           // by anybody, in either mode (assertions only)

struct CAPABILITY("mutex") mutex {
    struct rwlock lock;
};
void mutex_init(struct mutex *mutex, enum lock_rank rank);
void mutex_lock(struct mutex *mutex) ACQUIRE(mutex);
void mutex_lock_nested(struct mutex *mutex, const char *why_safe) ACQUIRE(mutex);
bool mutex_trylock(struct mutex *mutex) TRY_ACQUIRE(true, mutex);
void mutex_unlock(struct mutex *mutex) RELEASE(mutex);
bool mutex_held(const struct mutex *mutex); // by the current task

#endif
