// SPDX-License-Identifier: MIT
//
// Two threads that run one of these on two harts: race.c must notice, at the lines that say so; or must not,
// where there is nothing to be said (races.py). Called by planted.c.

#include "tests/instruments/planted.h"

#include "lib/clock.h"
#include "lib/string.h"
#include "lib/wait.h"
#include "proc/process.h"
#include "proc/schedule.h"

// In so many spans of time each thread must have seen the other get on: a busy host may let one of them wait
// for long.
#define SPANS   100
#define SPAN_NS 5000000 // as long as race.c lets a place rest

static unsigned counter;
static _Atomic unsigned atomic_counter;
static struct spinlock lock = SPINLOCK_INIT(RANK_PIPE);
static struct wait_queue done = WAIT_QUEUE_INIT(done);
static _Atomic unsigned started, finished, satisfied, turns[2];

static void count(bool first)
{
    (void)first;
    counter++; // planted: race-counter
}

static void set_or_read(bool first)
{
    if (first)
        counter = 1;      // planted: race-flag
    else if (counter > 1) // planted: race-flag
        panic("the flag has a value that nobody gave it");
}

static void read_what_is_atomic(bool first)
{
    if (first)
        atomic_fetch_add_explicit(&atomic_counter, 1, memory_order_relaxed); // planted: race-half
    else if (*(unsigned *)&atomic_counter == UINT32_MAX)                     // planted: race-half
        panic("counted too far");
}

static void count_atomically(bool first)
{
    (void)first;
    atomic_fetch_add_explicit(&atomic_counter, 1, memory_order_relaxed);
}

static void count_under_lock(bool first)
{
    (void)first;
    spin_lock(&lock);
    counter++;
    spin_unlock(&lock);
}

static const struct plant {
    const char *name;
    void (*turn)(bool first);
} plants[] = {
    {"race-counter", count},
    {"race-flag", set_or_read},
    {"race-half", read_what_is_atomic},
    {"control-atomic", count_atomically},
    {"control-lock", count_under_lock},
};

static void run(void *plant)
{
    schedule_first_run();
    bool first = started++ == 0;
    while (started < 2)
        schedule_yield();
    uint64_t span_end_ns = clock_ns() + SPAN_NS;
    for (unsigned spans = 0, last = 0; satisfied < 2; turns[first]++) {
        ((const struct plant *)plant)->turn(first);
        if (clock_ns() < span_end_ns || turns[!first] == last)
            continue;
        last = turns[!first];
        span_end_ns = clock_ns() + SPAN_NS;
        satisfied += ++spans == SPANS;
    }
    finished++;
    wake_all(&done);
    for (;;) // a kernel thread has no exit: it sleeps for good
        wait_park(0);
}

void plant_run(const char *name)
{
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        if (strcmp(name, plants[i].name) != 0)
            continue;
        if (kernel_thread_start("first", run, (void *)&plants[i]) ||
            kernel_thread_start("second", run, (void *)&plants[i]))
            fatal("too little memory for two threads");
        wait_event(&done, finished == 2);
    }
}
