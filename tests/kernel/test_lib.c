// SPDX-License-Identifier: MIT
//
// What of lib/ only the machine can show: the memory functions as compiled for it, spin locks and wait queues
// between harts that really run at the same time, interrupts under spin locks.

#include "arch/cpu.h"
#include "lib/sequence.h"
#include "lib/sleeplock.h"
#include "lib/string.h"
#include "proc/schedule.h"
#include "tests/kernel/ktest.h"

#define AREA    192 // bytes
#define THREADS 4
#define ROUNDS  200

static struct wait_queue done_queue = WAIT_QUEUE_INIT(done_queue);
static _Atomic unsigned started, finished;

// All threads run, as far as there are harts for them, before the first one works.
static void start(void)
{
    schedule_first_run();
    for (started++; started < THREADS;)
        schedule_yield();
}

// A kernel thread has no exit: it sleeps for good.
static void finish(void)
{
    finished++;
    wake_all(&done_queue);
    for (;;)
        wait_park(0);
}

static bool run_threads(void (*entry)(void *))
{
    started = finished = 0;
    for (uintptr_t i = 0; i < THREADS; i++)
        if (kernel_thread_start("ktest", entry, (void *)i))
            return false;
    wait_event(&done_queue, finished == THREADS);
    return true;
}

// One byte at a time, in the order that suits the overlap; volatile, or it would become a memmove.
static void move_bytes(volatile unsigned char *to, const volatile unsigned char *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        size_t at = to < from ? i : bytes - 1 - i;
        to[at] = from[at];
    }
}

KTEST(memory_functions_at_every_alignment)
{
    static unsigned char ours[AREA], expected[AREA];
    for (size_t to = 0; to < 10; to++)
        for (size_t from = 0; from < 10; from++)
            for (size_t bytes = 0; bytes < AREA - 10; bytes += bytes < 20 ? 1 : 7) {
                for (size_t i = 0; i < AREA; i++)
                    ours[i] = expected[i] = (unsigned char)(i * 7 + bytes);
                memmove(ours + to, ours + from, bytes);
                move_bytes(expected + to, expected + from, bytes);
                KCHECK(memcmp(ours, expected, AREA) == 0);
                unsigned char copy[AREA + 1];
                memset(copy, (int)bytes, sizeof copy);
                memcpy(copy + to, ours + from, bytes);
                KCHECK(memcmp(copy + to, ours + from, bytes) == 0);
                KCHECK(copy[to + bytes] == (unsigned char)bytes);
            }
    return true;
}

KTEST(spin_locks_nest_with_interrupts_off)
{
    struct spinlock outer = SPINLOCK_INIT(RANK_PIPE), inner = SPINLOCK_INIT(RANK_BLOCK);
    bool on_before = irq_enabled();
    spin_lock(&outer);
    spin_lock(&inner);
    bool held = spin_held(&outer) && spin_held(&inner), on_inside = irq_enabled();
    spin_unlock(&outer);
    bool on_half_way = irq_enabled(), outer_held = spin_held(&outer);
    spin_unlock(&inner);
    KCHECK(on_before && held && !on_inside && !on_half_way && !outer_held && irq_enabled());
    return true;
}

static struct spinlock counter_lock = SPINLOCK_INIT(RANK_PIPE);
static uint64_t counter, mirror; // equal whenever counter_lock is free

// Most of the time is spent inside the lock: wherever a hart, or the host's thread behind it, is interrupted,
// the others come and want it.
static void count(void *seed)
{
    start();
    struct sequence sequence = {.state = (uintptr_t)seed};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t hold_ns = sequence_between(&sequence, 1000, 100000);
        spin_lock(&counter_lock);
        uint64_t before = *(volatile uint64_t *)&counter, until_ns = clock_ns() + hold_ns;
        while (clock_ns() < until_ns)
            ;
        if (mirror == before)
            mirror = counter = before + 1;
        spin_unlock(&counter_lock);
        if (round % 16 == 0)
            schedule_yield();
    }
    finish();
}

KTEST(spin_lock_excludes_harts)
{
    counter = mirror = 0;
    KCHECK(run_threads(count));
    KCHECK(counter == THREADS * ROUNDS && mirror == counter);
    return true;
}

static struct wait_queue turn_queue = WAIT_QUEUE_INIT(turn_queue);
static _Atomic unsigned turn; // whose it is: turn % THREADS

static void take_turns(void *number)
{
    start();
    for (unsigned round = 0; round < ROUNDS; round++) {
        wait_event(&turn_queue, turn % THREADS == (uintptr_t)number);
        turn++;
        wake_all(&turn_queue);
    }
    finish();
}

// Each wake-up that got lost would leave all of them asleep, and the machine hanging.
KTEST(turns_go_round_without_a_lost_wake_up)
{
    turn = 0;
    KCHECK(run_threads(take_turns));
    KCHECK(turn == THREADS * ROUNDS);
    return true;
}

static struct rwlock lock;
static _Atomic int inside; // readers; -1: a writer
static _Atomic unsigned violations;

static void read_and_write(void *seed)
{
    start();
    struct sequence sequence = {.state = (uintptr_t)seed + 100};
    for (unsigned round = 0; round < ROUNDS; round++) {
        bool write = sequence_next(&sequence) % 4 == 0;
        if (write) {
            rwlock_write(&lock);
            violations += atomic_exchange(&inside, -1) != 0;
            schedule_yield();
            violations += atomic_exchange(&inside, 0) != -1;
            rwlock_write_unlock(&lock);
        } else {
            rwlock_read(&lock);
            violations += atomic_fetch_add(&inside, 1) < 0;
            schedule_yield();
            violations += atomic_fetch_sub(&inside, 1) < 1;
            rwlock_read_unlock(&lock);
        }
    }
    finish();
}

KTEST(rwlock_excludes_tasks)
{
    rwlock_init(&lock, RANK_FILE);
    inside = 0;
    violations = 0;
    KCHECK(run_threads(read_and_write));
    KCHECK(violations == 0 && inside == 0 && !rwlock_held(&lock));
    return true;
}
