// SPDX-License-Identifier: MIT
// megastress [SEED [SECONDS]]: threads of one space, each with a 2 MiB page of its own that comes whole, is stored to,
// cut, protected, given back and mapped anew, while the space is forked again and again and other threads look on.
//
// A thread counts in its memory as those of threadstress do: one more in the page, then one more in what it says. So
// a child, which has all memory as of one moment, finds each word equal to what was said, or ahead by one. Most
// children only end: then the page is its owner's again in one piece. Without SECONDS: a fixed number of steps.
#include "threads.h"

enum { THREADS = 5, WORDS = 8, SPAN = 512 * PAGE, STEPS = 1500 };
#define ARENA ((char *)0x200000000)
#define RW    (PROT_READ | PROT_WRITE)

static const int pages[WORDS] = {0, 1, 63, 64, 255, 400, 510, 511};
static struct worker {
    struct stress stress;
    volatile bool mapped; // false: it is being mapped anew, nothing holds of it
    volatile unsigned long said[WORDS];
} workers[THREADS];
static _Atomic int running;
static _Atomic long wholes; // pages of 2 MiB that were asked for
static unsigned long until_ns; // 0: by steps

static char *span(unsigned thread)
{
    return ARENA + (long)thread * SPAN;
}

static volatile unsigned long *word(unsigned thread, int at)
{
    return (volatile unsigned long *)(span(thread) + (long)pages[at] * PAGE) + thread;
}

static void map_anew(struct worker *self)
{
    self->mapped = false;
    atomic_signal_fence(memory_order_seq_cst);
    long start = (long)span(self->stress.number);
    check(raw(SYS_mmap, start, SPAN, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == start &&
              raw(SYS_madvise, start, SPAN, MADV_HUGEPAGE, 0, 0, 0) == 0, &self->stress, "no mapping", 0);
    for (int at = 0; at < WORDS; at++)
        self->said[at] = 0;
    atomic_signal_fence(memory_order_seq_cst);
    self->mapped = true;
    wholes++;
}

// A piece in which no word is loses its pages, or its rights for a while.
static void cut(struct worker *self)
{
    static const int starts[] = {2, 65, 256, 401}, ends[] = {60, 250, 399, 509};
    unsigned which = below(&self->stress, 4), what = below(&self->stress, 2);
    long start = (long)span(self->stress.number) + (long)starts[which] * PAGE;
    long bytes = (long)(ends[which] - starts[which]) * PAGE;
    if (what)
        check(raw(SYS_madvise, start, bytes, MADV_DONTNEED, 0, 0, 0) == 0, &self->stress, "discard", starts[which]);
    else
        check(raw(SYS_mprotect, start, bytes, PROT_READ, 0, 0, 0) == 0 &&
                  raw(SYS_mprotect, start, bytes, RW, 0, 0, 0) == 0, &self->stress, "protect", starts[which]);
    check(*(volatile unsigned long *)start == 0, &self->stress, "bytes from nowhere", starts[which]);
}

static int work(void *argument)
{
    struct worker *self = argument;
    map_anew(self);
    for (unsigned step = 0; until_ns ? now_ns() < until_ns : step < STEPS; step++) {
        int at = (int)below(&self->stress, WORDS);
        unsigned what = below(&self->stress, 200);
        if (what == 0) {
            map_anew(self);
        } else if (what == 1) {
            cut(self);
        } else {
            check(*word(self->stress.number, at) == self->said[at], &self->stress, "a count was lost", pages[at]);
            *word(self->stress.number, at) = self->said[at] + 1;
            atomic_signal_fence(memory_order_seq_cst); // the order in which it stores is what a child relies on
            self->said[at] = self->said[at] + 1;
        }
    }
    running--;
    return 0;
}

static int child_is_right(void)
{
    int wrong = 0;
    for (unsigned t = 0; t < THREADS; t++)
        for (int at = 0; at < WORDS && workers[t].mapped; at++) {
            unsigned long ahead = *word(t, at) - workers[t].said[at];
            if (ahead > 1) {
                printf("# child: thread %u, page %d: %lu, but %lu were said\n", t, pages[at], *word(t, at),
                       workers[t].said[at]);
                wrong++;
            }
            *word(t, at) = 77;
            wrong += *word(t, at) != 77;
        }
    return wrong != 0;
}

int main(int argc, char **argv)
{
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, seconds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    until_ns = seconds ? now_ns() + seconds * 1000000000 : 0;
    running = THREADS;
    for (unsigned t = 0; t < THREADS; t++) {
        workers[t].stress.number = t;
        workers[t].stress.random_state = seed * 1000 + t;
        spawn(&workers[t].stress.thread, work, &workers[t]);
    }
    unsigned forks = 0, wrong = 0;
    for (; running; forks++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(forks % 8 ? 0 : child_is_right());
        must(pid > 0, "fork");
        wrong += !exited(reap(pid), 0);
    }
    for (unsigned t = 0; t < THREADS; t++)
        join(&workers[t].stress.thread);
    ok(wrong == 0 && forks > 0, "%u children saw each thread's memory as of one moment", forks);
    ok(wholes > THREADS, "%ld times 2 MiB were mapped", (long)wholes);
    return done();
}
