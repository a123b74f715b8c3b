// SPDX-License-Identifier: MIT
//
// Locks whose holder may sleep: a mutex and a reader-writer lock. Both are fair enough (first come, first
// woken; a waiting writer holds back new readers) and take part in the rank check of lib/spinlock.h,
// per task rather than per hart.

#ifndef LIB_SLEEPLOCK_H
#define LIB_SLEEPLOCK_H

#include "lib/wait.h"

struct mutex {
    struct wait_queue queue;
    struct task *holder; // W: queue.lock
    uint16_t rank;
};
void mutex_init(struct mutex *mutex, enum lock_rank rank);
void mutex_lock(struct mutex *mutex); // => holds no spin lock; may sleep
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_held(const struct mutex *mutex); // by the current task

struct rwlock {
    struct wait_queue queue;
    struct task *writer;       // guarded by queue.lock, as all below
    unsigned readers;
    unsigned writers_waiting;  // holds back new readers
    uint16_t rank;
};
void rwlock_init(struct rwlock *lock, enum lock_rank rank);
void rwlock_read(struct rwlock *lock);
void rwlock_read_unlock(struct rwlock *lock);
void rwlock_write(struct rwlock *lock);
void rwlock_write_unlock(struct rwlock *lock);
bool rwlock_held_for_write(const struct rwlock *lock); // by the current task
bool rwlock_held(const struct rwlock *lock);           // by anybody, in either mode (assertions only)

#endif
