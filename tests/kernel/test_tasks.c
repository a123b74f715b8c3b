// SPDX-License-Identifier: MIT
//
// Scheduler, sleeping and clocks inside the running kernel: kernel threads on all harts meet in locks, wait
// queues and deadlines.

#include "lib/sleeplock.h"
#include "proc/schedule.h"
#include "tests/kernel/ktest.h"

#define THREADS 8
#define TURNS   200

static struct mutex mutex;
static struct wait_queue done_queue;
static unsigned counter; // guarded by mutex, read and written in two steps on purpose
static _Atomic unsigned finished, highest_inside, inside;

static void count_in_turns(void *unused)
{
    (void)unused;
    schedule_first_run();
    for (int turn = 0; turn < TURNS; turn++) {
        mutex_lock(&mutex);
        unsigned now_inside = ++inside, before = counter;
        if (now_inside > highest_inside)
            highest_inside = now_inside;
        schedule_yield();
        counter = before + 1;
        inside--;
        mutex_unlock(&mutex);
    }
    finished++;
    wake_all(&done_queue);
    for (;;) // a kernel thread has no exit: it sleeps for good
        wait_park(0);
}

KTEST(mutex_excludes_threads_on_all_harts)
{
    mutex_init(&mutex, RANK_FILE);
    wait_queue_init(&done_queue);
    counter = 0;
    finished = highest_inside = 0;
    for (int i = 0; i < THREADS; i++)
        KCHECK(kernel_thread_start("ktest", count_in_turns, NULL) == 0);
    wait_event(&done_queue, finished == THREADS);
    KCHECK(counter == THREADS * TURNS);
    KCHECK(highest_inside == 1);
    return true;
}

KTEST(deadlines_pass_in_order)
{
    struct wait_queue nobody;
    wait_queue_init(&nobody);
    uint64_t start = clock_ns();
    for (uint64_t i = 1; i <= 5; i++) {
        uint64_t deadline = start + i * 1000000;
        KCHECK(wait_event_interruptible(&nobody, false, deadline) == -ETIMEDOUT);
        KCHECK(clock_ns() >= deadline);
    }
    return true;
}

KTEST(a_wake_up_before_the_sleep_is_kept)
{
    struct wait_queue queue;
    wait_queue_init(&queue);
    struct waiter waiter = WAITER_INIT(waiter);
    wait_enqueue(&queue, &waiter);
    wake_all(&queue);
    wait_park(0); // would hang if the token were lost
    wait_dequeue(&queue, &waiter);
    return true;
}
