// SPDX-License-Identifier: MIT
//
// Sleeping and waking. One rule makes lost wake-ups impossible: every task owns one wake token.
// wake(task) stores the token and makes a parked task runnable; park() takes the token if it is there
// and sleeps until it is if not. So a wake-up that comes between "check" and "sleep" is kept, and a
// sleeper always re-checks its condition in a loop: spurious wake-ups are allowed, lost ones impossible.
//
//   sleeper                                   waker
//   enqueue self on the queue                 make the condition true
//   condition true?  -> leave                 take everybody off the queue, wake each
//   park()           -> try again
//
// wake_all() takes the queue's lock even when nobody waits: a sleeper is either found on the queue, or enqueues
// later and then sees what was written before the wake. There is no "wake one": who has just given up might be it.
#pragma once

#include "arch/cpu.h"
#include "lib/list.h"
#include "lib/spinlock.h"
#include "uapi/errno.h"

struct task;
struct held_locks;

// lib knows no scheduler: these are in proc/schedule.c.
struct task *sleep_self(void);          // the current task
void sleep_park(uint64_t deadline_ns);  // until the token comes, or the clock passes; 0 = no deadline
void sleep_wake(struct task *task);     // any context, also interrupt handlers; under a queue's lock
bool sleep_interrupted(void);           // the current task is to die (later: has a signal)
struct held_locks *sleep_held(void);    // the current task's record of sleep locks (lib/lockrank.h)

struct wait_queue {
    struct spinlock lock; // RANK_WAIT
    struct list_node waiters;
};
struct waiter {
    struct list_node node; // guarded by the queue's lock; off the list = not enqueued, or woken
    struct task *task;     // set by wait_enqueue()
};

#define WAIT_QUEUE_INIT(name) {.lock = SPINLOCK_INIT(RANK_WAIT), .waiters = LIST_INIT((name).waiters)}
#define WAITER_INIT(name)     {.node = LIST_INIT((name).node)}
void wait_queue_init(struct wait_queue *queue);

// Puts the current task at the end of the queue unless it is there already: once before the condition is
// looked at, and again after each park. The waiter starts as WAITER_INIT and lives until wait_dequeue().
void wait_enqueue(struct wait_queue *queue, struct waiter *waiter);
void wait_dequeue(struct wait_queue *queue, struct waiter *waiter);
void wait_park(uint64_t deadline_ns); // => holds no spin lock

void wake_all(struct wait_queue *queue);

// For lib/sleeplock.c and the macros below.
bool wake_first(struct wait_queue *queue) REQUIRES(&queue->lock); // false: nobody waits
int wait_given_up(uint64_t deadline_ns); // -EINTR when the task is to die, -ETIMEDOUT, or 0

// `condition` wins over `give_up`: looked at after enqueueing, so a wake between the two is kept.
#define wait_until_(queue, condition, deadline_ns, give_up)                  \
    ({                                                                       \
        struct waiter waiter_ = WAITER_INIT(waiter_);                        \
        int result_ = 0;                                                     \
        while (wait_enqueue((queue), &waiter_), !(condition)) {              \
            if ((result_ = (give_up)))                                       \
                break;                                                       \
            wait_park(deadline_ns);                                          \
        }                                                                    \
        wait_dequeue((queue), &waiter_);                                     \
        result_;                                                             \
    })

// Sleep until `condition` holds. The condition is evaluated with no lock of this layer held.
#define wait_event(queue, condition) ((void)wait_until_((queue), (condition), 0, 0))

// The same, but gives up with -EINTR when the task is to die, and with -ETIMEDOUT at `deadline`, in ns
// (0 = never). Value: 0, -EINTR or -ETIMEDOUT. The condition wins over both.
#define wait_event_interruptible(queue, condition, deadline)                 \
    ({                                                                       \
        uint64_t until_ = (deadline);                                        \
        wait_until_((queue), (condition), until_, wait_given_up(until_));    \
    })
