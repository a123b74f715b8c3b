// SPDX-License-Identifier: MIT
// Threads for tests, made of nothing but clone and futex. errno is one for all of them, so what threads call
// returns -errno itself.
#pragma once
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include "uapi/futex.h"
#include "ktap.h"

#define THREAD_FLAGS                                                                                         \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |       \
     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

struct thread {
    _Atomic int tid; // the kernel writes 0 and wakes when it ends
    char stack[8192] __attribute__((aligned(16)));
};

// A system call that leaves errno alone.
static inline long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 asm("a0") = a, a1 asm("a1") = b, a2 asm("a2") = c, a3 asm("a3") = d, a4 asm("a4") = e,
                  a5 asm("a5") = f, a7 asm("a7") = number;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

static inline long futex(_Atomic int *word, int operation, long value, const void *timeout,
                         _Atomic int *other, long value3)
{
    return raw(SYS_futex, (long)word, operation, value, (long)timeout, (long)other, value3);
}

static inline long wait_on(_Atomic int *word, int value)
{
    return futex(word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static inline long wake(_Atomic int *word, int most)
{
    return futex(word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, most, NULL, NULL, 0);
}

// How many sleep there: a requeue to where they are already.
static inline long sleepers(_Atomic int *word)
{
    return futex(word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void *)INT_MAX, word, 0);
}

static inline void wait_for_sleepers(_Atomic int *word, long count)
{
    while (sleepers(word) < count)
        sched_yield();
}

static inline void spawn(struct thread *thread, int (*body)(void *), void *argument)
{
    must(clone(body, thread->stack + sizeof thread->stack, THREAD_FLAGS, argument, (int *)&thread->tid,
               thread, (int *)&thread->tid) > 0,
         "clone");
}

// Shared, not private: that is how the kernel wakes.
static inline void join(struct thread *thread)
{
    for (int tid; (tid = thread->tid);)
        futex(&thread->tid, FUTEX_WAIT, tid, NULL, NULL, 0);
}

static inline int self_tid(void)
{
    return raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

// 0 free, 1 taken, 2 taken and somebody sleeps.
static inline void lock(_Atomic int *word)
{
    int was = 0;
    if (atomic_compare_exchange_strong(word, &was, 1))
        return;
    while (atomic_exchange(word, 2))
        wait_on(word, 2);
}

static inline void unlock(_Atomic int *word)
{
    if (atomic_exchange(word, 0) == 2)
        wake(word, 1);
}

// --- threads that do what chance says ---------------------------------------------------------------------

struct stress {
    struct thread thread;
    unsigned number;
    unsigned long random_state;
};

static inline unsigned long now_ns(void)
{
    struct timespec now;
    raw(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0, 0, 0, 0);
    return (unsigned long)now.tv_sec * 1000000000 + (unsigned long)now.tv_nsec;
}

static inline unsigned below(struct stress *self, unsigned limit)
{
    self->random_state = self->random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(self->random_state >> 33) % limit;
}

// Without this the program ends.
static inline void check(bool good, const struct stress *self, const char *what, unsigned page)
{
    if (good)
        return;
    printf("# thread %u, page %u: %s\n", self->number, page, what);
    fflush(stdout);
    raw(SYS_exit_group, 1, 0, 0, 0, 0, 0);
}
