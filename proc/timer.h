// SPDX-License-Identifier: MIT
//
// Time for the scheduler: sleepers with a deadline, and the tick that ends a time slice. Each hart has one
// hardware deadline, the earlier of its next tick and its first sleeper; an idle hart has no tick.
#pragma once

#include "lib/rbtree.h"
#include <stdbool.h>
#include <stdint.h>

struct task;

struct sleeper {
    struct rb_node node; // guarded by the lock of the hart's timer queue, as all below
    struct task *task;
    uint64_t deadline_ns;
    unsigned hart;       // whose queue it is on
    bool queued;
};

void timer_init(void);
void timer_add(struct sleeper *sleeper, struct task *task, uint64_t deadline_ns);
void timer_remove(struct sleeper *sleeper); // also when it has expired
void timer_tick_start(bool ticking); // a task (or the idle task: false) starts a slice on this hart
void timer_expire(void);             // timer interrupt: wake who is due, set the next deadline
