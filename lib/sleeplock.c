// SPDX-License-Identifier: MIT
//
// Sleep locks; contracts in lib/sleeplock.h. Called by tasks only, never by interrupt handlers.
//
// The queue holds the tasks that wait, oldest first, as `struct claim`. Releasing hands the lock to the
// first claim, or to all readers that stand in front: the releaser changes the lock's state for them,
// takes the claim off the queue and wakes. Being off the queue is being the holder.

#include "lib/lockrank.h"
#include "lib/sleeplock.h"

struct claim {
    struct waiter waiter;
    bool write;
};

void rwlock_init(struct rwlock *lock, enum lock_rank rank)
{
    *lock = (struct rwlock){.rank = (uint16_t)rank};
    wait_queue_init(&lock->queue);
}

// Makes `task` a holder unless those who hold it now forbid it.
static bool admit(struct rwlock *lock, struct task *task, bool write) REQUIRES(&lock->queue.lock)
{
    if (lock->writer || (write && lock->readers > 0))
        return false;
    if (write)
        relaxed_write(lock->writer, task);
    else
        relaxed_write(lock->readers, lock->readers + 1);
    return true;
}

static void acquire(struct rwlock *lock, bool write, const char *why_safe)
{
    assert_no_spinlocks("sleep lock wanted");
    held_check(sleep_held(), lock, lock->rank, why_safe);
    struct claim claim = {.waiter = WAITER_INIT(claim.waiter), .write = write};
    claim.waiter.task = sleep_self();
    spin_lock(&lock->queue.lock);
    if (!list_empty(&lock->queue.waiters) || !admit(lock, claim.waiter.task, write))
        list_push_back(&lock->queue.waiters, &claim.waiter.node);
    while (!list_empty(&claim.waiter.node)) {
        spin_unlock(&lock->queue.lock);
        wait_park(0);
        spin_lock(&lock->queue.lock);
    }
    spin_unlock(&lock->queue.lock);
    held_add(sleep_held(), lock, lock->rank, why_safe);
}

static void release(struct rwlock *lock, bool write)
{
    held_drop(sleep_held(), lock);
    spin_lock(&lock->queue.lock);
    if (write)
        relaxed_write(lock->writer, NULL);
    else
        relaxed_write(lock->readers, lock->readers - 1);
    while (!list_empty(&lock->queue.waiters)) {
        struct claim *first = container_of(lock->queue.waiters.next, struct claim, waiter.node);
        if (!admit(lock, first->waiter.task, first->write))
            break;
        wake_first(&lock->queue);
    }
    spin_unlock(&lock->queue.lock);
}

void rwlock_read(struct rwlock *lock) NO_LOCK_ANALYSIS
{
    acquire(lock, false, NULL);
}

void rwlock_read_unlock(struct rwlock *lock) NO_LOCK_ANALYSIS
{
    release(lock, false);
}

void rwlock_write_nested(struct rwlock *lock, const char *why_safe) NO_LOCK_ANALYSIS
{
    acquire(lock, true, why_safe);
}

bool rwlock_write_try(struct rwlock *lock) NO_LOCK_ANALYSIS
{
    spin_lock(&lock->queue.lock);
    bool admitted = admit(lock, sleep_self(), true); // a free lock has no queue
    spin_unlock(&lock->queue.lock);
    if (admitted)
        held_add(sleep_held(), lock, lock->rank, NULL);
    return admitted;
}

void rwlock_write_unlock(struct rwlock *lock) NO_LOCK_ANALYSIS
{
    release(lock, true);
}

// Without queue.lock: whether `writer` is this task, only this task can change.
bool rwlock_held_for_write(const struct rwlock *lock)
{
    return relaxed_read(lock->writer) == sleep_self();
}

bool rwlock_held(const struct rwlock *lock)
{
    return relaxed_read(lock->writer) || relaxed_read(lock->readers);
}
