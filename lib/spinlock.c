// SPDX-License-Identifier: MIT
//
// Spin locks; contracts in lib/spinlock.h. Called by everybody, in any context. A hart that holds one runs
// with interrupts off, so neither an interrupt handler nor another task can want the lock on that hart.

#include "lib/spinlock.h"
#include "lib/clock.h"
#include "lib/lockrank.h"
#include "lib/log.h"

enum { STUCK_AFTER_SECONDS = 10 };

#if CHECK_LOCK_RANKS
static struct held_locks held_by_hart[MAX_HARTS];
#define HELD_HERE (&held_by_hart[this_hart()->index])
#endif

void spin_init(struct spinlock *lock, enum lock_rank rank)
{
    *lock = (struct spinlock)SPINLOCK_INIT(rank);
}

static bool try_acquire(struct spinlock *lock)
{
    uint32_t free = 0;
    return atomic_compare_exchange_strong_explicit(&lock->owner, &free, this_hart()->index + 1,
                                                   memory_order_acquire, memory_order_relaxed);
}

// The holder works on, or waits for its turn on the real processor: give up ours (cpu_spin_turn), and
// say so when nothing happens for too long. Not inlined: or the fast way saves registers for it.
static __attribute__((noinline)) void acquire_slowly(struct spinlock *lock)
{
    if (spin_held(lock))
        panic("spin lock %p (%s) taken twice", (void *)lock, lock_rank_name(lock->rank));
    uint64_t looked_ns = clock_ns(), waited_ns = 0;
    do {
        cpu_spin_turn();
        uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);
        waited_ns += clock_passed_ns(&looked_ns, NS_PER_SECOND);
        if (owner != 0 && waited_ns > STUCK_AFTER_SECONDS * NS_PER_SECOND)
            panic("spin lock %p (%s) stuck: hart %u has held it for %d s", (void *)lock,
                  lock_rank_name(lock->rank), owner - 1, STUCK_AFTER_SECONDS);
    } while (!try_acquire(lock));
}

void spin_lock_nested(struct spinlock *lock, const char *why_safe) NO_LOCK_ANALYSIS
{
    irq_push_off();
    held_check(HELD_HERE, lock, lock->rank, why_safe);
    if (!try_acquire(lock))
        acquire_slowly(lock);
    held_add(HELD_HERE, lock, lock->rank, why_safe);
}

void spin_unlock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
    held_drop(HELD_HERE, lock);
    atomic_store_explicit(&lock->owner, 0, memory_order_release);
    irq_pop_off();
}

bool spin_held(const struct spinlock *lock)
{
    return atomic_load_explicit(&lock->owner, memory_order_relaxed) == this_hart()->index + 1;
}

#if CHECK_LOCK_RANKS
void assert_no_spinlocks(const char *what)
{
    irq_push_off(); // or we might look at the record of a hart we have just left
    if (HELD_HERE->count > 0)
        panic("%s with spin lock %p (%s) held", what, HELD_HERE->held[0].lock,
              lock_rank_name(HELD_HERE->held[0].rank));
    irq_pop_off();
}

void spin_print_held(unsigned hart)
{
    held_print(&held_by_hart[hart]);
}
#endif
