// SPDX-License-Identifier: MIT
// threadstress [SEED [SECONDS]]: threads of one space that map, unmap, protect, discard, store and read all at once,
// while the space is forked again and again. Without SECONDS: a fixed number of steps.
//
// Each thread has an arena, which shares leaf tables with its neighbours', and knows what must be there. And all
// count in common pages: a thread adds one to its word of a page, then one to what it says it has counted. Fork
// stops each thread's memory at one moment, so a child finds every word equal to what was said, or ahead by one.
#include "threads.h"

enum { THREADS = 6, PAGES = 40, COMMON = 24, STEPS = 800 };
#define ARENA ((char *)0x200000000 - 100 * PAGE) // across the end of a leaf table
#define RW    (PROT_READ | PROT_WRITE)

static struct worker {
    struct stress stress;
    signed char protection[PAGES]; // -1: not mapped
    unsigned long value[PAGES];
    unsigned long said[COMMON]; // what it has counted
} workers[THREADS];
static volatile unsigned long (*common)[PAGE / sizeof(unsigned long)];
static int scratch;
static _Atomic int running;
static unsigned long until_ns; // 0: by steps

static unsigned long *word(const struct worker *self, unsigned page)
{
    return (unsigned long *)(ARENA + (self->stress.number * PAGES + page) * PAGE) + self->stress.number;
}

// A page that may not be read is asked for by the kernel, which finds the same.
static void look(struct worker *self, unsigned page)
{
    if (self->protection[page] > 0) {
        check(*word(self, page) == self->value[page], &self->stress, "wrong value", page);
        return;
    }
    long result = raw(SYS_pwrite64, scratch, (long)word(self, page), 8, 0, 0, 0);
    check(result == -EFAULT, &self->stress, "is there and should not be", page);
}

static void change(struct worker *self, unsigned first, unsigned count)
{
    long start = (long)word(self, first) & ~(PAGE - 1l), bytes = (long)count * PAGE, result = 0;
    int protection = RW;
    bool zero = true, hole = false;
    unsigned what = below(&self->stress, 5);
    for (unsigned page = first; page < first + count; page++)
        hole |= self->protection[page] < 0;
    if (what == 0) {
        result = raw(SYS_munmap, start, bytes, 0, 0, 0, 0);
        protection = -1;
    } else if (what == 1) {
        result = raw(SYS_mmap, start, bytes, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != start;
    } else if (hole) {
        return;
    } else if (what == 2) {
        result = raw(SYS_madvise, start, bytes, MADV_DONTNEED, 0, 0, 0);
        protection = -2; // each keeps its own
    } else {
        zero = false;
        protection = what == 3 ? PROT_READ : below(&self->stress, 3) ? RW : PROT_NONE;
        result = raw(SYS_mprotect, start, bytes, protection, 0, 0, 0);
    }
    check(result == 0, &self->stress, "a change is refused", first);
    for (unsigned page = first; page < first + count; page++) {
        self->protection[page] = protection == -2 ? self->protection[page] : (signed char)protection;
        self->value[page] = zero ? 0 : self->value[page];
    }
}

static void count_one(struct worker *self)
{
    unsigned page = below(&self->stress, COMMON);
    check(common[page][self->stress.number] == self->said[page], &self->stress, "a count was lost", page);
    common[page][self->stress.number] = self->said[page] + 1;
    atomic_signal_fence(memory_order_seq_cst); // the order in which it stores is what a child relies on
    *(volatile unsigned long *)&self->said[page] = self->said[page] + 1;
}

static int work(void *argument)
{
    struct worker *self = argument;
    for (unsigned step = 0; until_ns ? now_ns() < until_ns : step < STEPS; step++) {
        unsigned page = below(&self->stress, PAGES), count = 1 + below(&self->stress, 8), what = below(&self->stress, 10);
        if (what == 0)
            change(self, page, page + count > PAGES ? PAGES - page : count);
        else if (what < 4 && self->protection[page] == RW)
            *word(self, page) = ++self->value[page];
        else if (what < 7)
            look(self, page);
        else
            count_one(self);
    }
    running--;
    return 0;
}

// In the child: nobody else is here, and what was there stays, whatever the parent does.
static int child_is_right(void)
{
    int wrong = 0;
    for (unsigned t = 0; t < THREADS; t++)
        for (unsigned page = 0; page < COMMON; page++) {
            unsigned long ahead = common[page][t] - workers[t].said[page];
            if (ahead > 1) {
                printf("# child: thread %u, page %u: %lu, but %lu were said\n", t, page, common[page][t],
                       workers[t].said[page]);
                wrong++;
            }
        }
    for (unsigned page = 0; page < COMMON; page += 2)
        common[page][THREADS] = 77; // parts the page from the parent's
    for (unsigned page = 0; page < COMMON; page++)
        wrong += common[page][THREADS] != (page % 2 ? 0 : 77);
    return wrong != 0;
}

static unsigned fork_while_they_run(void)
{
    unsigned forks = 0, wrong = 0;
    for (; running; forks++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(child_is_right());
        must(pid > 0, "fork");
        wrong += !exited(reap(pid), 0);
    }
    ok(wrong == 0, "%u children saw each thread's memory as of one moment", forks);
    return forks;
}

int main(int argc, char **argv)
{
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, seconds = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    until_ns = seconds ? now_ns() + seconds * 1000000000 : 0;
    work_in("threadstress");
    scratch = memfd_create("scratch", 0);
    common = mmap(NULL, COMMON * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(scratch >= 0 && (void *)common != MAP_FAILED, "memory");
    running = THREADS;
    for (unsigned t = 0; t < THREADS; t++) {
        struct worker *worker = &workers[t];
        worker->stress.number = t;
        worker->stress.random_state = seed * 1000 + t;
        memset(worker->protection, -1, sizeof worker->protection);
        spawn(&worker->stress.thread, work, worker);
    }
    unsigned forks = fork_while_they_run();
    for (unsigned t = 0; t < THREADS; t++)
        join(&workers[t].stress.thread);
    unsigned wrong = 0;
    for (unsigned t = 0; t < THREADS; t++)
        for (unsigned page = 0; page < COMMON; page++)
            wrong += common[page][t] != workers[t].said[page];
    ok(wrong == 0 && forks > 0, "no count was lost");
    return done();
}
