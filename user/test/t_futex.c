// SPDX-License-Identifier: MIT
// futex(2): who sleeps, who is woken, when time runs out, what is refused, and what a dying thread leaves
// behind.
#include "threads.h"

enum { THREADS = 8, ROUNDS = 1000 };

static struct thread threads[THREADS];
static _Atomic int word, other, mutex, woken;
static long counter;

static int count_up(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        lock(&mutex);
        counter++;
        unlock(&mutex);
    }
    return 0;
}

static int sleep_on(void *on)
{
    wait_on(on, 0);
    woken++;
    return 0;
}

static int sleep_on_bit(void *bit)
{
    futex(&word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, (long)bit);
    woken |= (long)bit;
    return 0;
}

// A wake that comes between the look at the word and the sleep must not be lost: nobody would wake again.
static int answer(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        while (word != 1)
            wait_on(&word, 0);
        word = 0;
        wake(&word, 1);
    }
    return 0;
}

static void start_all(int (*body)(void *), void *argument)
{
    for (int i = 0; i < THREADS; i++)
        spawn(&threads[i], body, argument);
}

static void join_all(void)
{
    for (int i = 0; i < THREADS; i++)
        join(&threads[i]);
}

static void waking(void)
{
    start_all(count_up, NULL);
    join_all();
    ok(counter == THREADS * ROUNDS, "a mutex: no count is lost");

    spawn(&threads[0], answer, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        word = 1;
        wake(&word, 1);
        while (word != 0)
            wait_on(&word, 1);
    }
    join(&threads[0]);
    ok(true, "question and answer: no wake is lost");

    woken = 0;
    start_all(sleep_on, (void *)&word);
    wait_for_sleepers(&word, THREADS);
    ok(wake(&other, 100) == 0 && wake(&word, 3) == 3, "WAKE wakes as many as it is told, and of this futex");
    while (woken < 3)
        sched_yield();
    ok(sleepers(&word) == THREADS - 3 && woken == 3, "the others sleep on");
    ok(futex(&word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0) == THREADS - 3,
       "private memory: shared and private name the same futex");
    join_all();
    ok(wake(&word, 1) == 0, "nobody is left");

    woken = 0;
    start_all(sleep_on_bit, (void *)1L);
    struct thread extra;
    spawn(&extra, sleep_on_bit, (void *)4L);
    wait_for_sleepers(&word, THREADS + 1);
    ok(futex(&word, FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 6) == 1,
       "WAKE_BITSET: by bits");
    join(&extra);
    ok(woken == 4 && wake(&word, INT_MAX) == THREADS, "the one with the bit");
    join_all();
}

static void requeueing(void)
{
    start_all(sleep_on, (void *)&word);
    wait_for_sleepers(&word, THREADS);
    long cmp = FUTEX_CMP_REQUEUE | FUTEX_PRIVATE_FLAG;
    ok(futex(&word, cmp, 1, (void *)INT_MAX, &other, 5) == -EAGAIN, "CMP_REQUEUE compares: EAGAIN");
    ok(sleepers(&word) == THREADS, "and then moves nobody");
    ok(futex(&word, cmp, 1, (void *)3, &other, 0) == 4, "CMP_REQUEUE: one woken, three moved");
    ok(sleepers(&word) == THREADS - 4 && sleepers(&other) == 3, "they wait where they were put");
    ok(futex(&word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 0, (void *)INT_MAX, &other, 0) == THREADS - 4,
       "REQUEUE moves the rest");
    ok(wake(&word, INT_MAX) == 0 && wake(&other, INT_MAX) == THREADS - 1, "woken there");
    join_all();
    ok(futex(&word, cmp, -1, (void *)1, &other, 0) == -EINVAL, "a negative count: EINVAL");
    ok(futex(&word, cmp, 1, (void *)-1L, &other, 0) == -EINVAL, "a negative second count: EINVAL");
    ok(futex(&word, cmp, 1, (void *)1, (void *)0x1002, 0) == -EINVAL, "a crooked second address: EINVAL");
}

static long now(int clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000 + time.tv_nsec;
}

static void timeouts(void)
{
    struct timespec soon = {0, 3000000}, crooked = {0, 1000000000}, negative = {-1, 0};
    long private = FUTEX_WAIT | FUTEX_PRIVATE_FLAG, bitset = FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG;
    long before = now(CLOCK_MONOTONIC);
    ok(futex(&word, private, 0, &soon, NULL, 0) == -ETIMEDOUT && now(CLOCK_MONOTONIC) - before >= 3000000,
       "WAIT: from now");
    for (int real = 0; real < 2; real++) {
        long until = now(real ? CLOCK_REALTIME : CLOCK_MONOTONIC) + 3000000;
        struct timespec at = {until / 1000000000, until % 1000000000};
        long result = futex(&word, bitset | (real ? FUTEX_CLOCK_REALTIME : 0), 0, &at, NULL, -1);
        ok(result == -ETIMEDOUT && now(real ? CLOCK_REALTIME : CLOCK_MONOTONIC) >= until,
           "WAIT_BITSET: a time of the %s clock", real ? "real" : "monotonic");
    }
    ok(futex(&word, bitset, 0, &soon, NULL, -1) == -ETIMEDOUT, "a time that is past");
    ok(futex(&word, bitset, 0, &(struct timespec){0, 0}, NULL, -1) == -ETIMEDOUT, "the beginning of time");
    ok(futex(&word, private, 1, &soon, NULL, 0) == -EAGAIN, "another value: EAGAIN, at once");
    ok(futex(&word, private, 0, &crooked, NULL, 0) == -EINVAL, "a second of nanoseconds: EINVAL");
    ok(futex(&word, private, 0, &negative, NULL, 0) == -EINVAL, "negative time: EINVAL");
    ok(futex(&word, private, 0, (void *)8, NULL, 0) == -EFAULT, "no time there: EFAULT");
    ok(futex(&word, private | FUTEX_CLOCK_REALTIME, 0, &soon, NULL, 0) == -ENOSYS,
       "WAIT knows no other clock");
    ok(sleepers(&word) == 0, "who gave up is off the list");
}

static void refusals(void)
{
    char *page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    _Atomic int *nothing = (void *)page, *gone = (void *)(page + PAGE), *kernel = (void *)(-4096L),
                *crooked = (void *)((char *)&word + 1), *end = (void *)0x4000000000;
    ok(wait_on(crooked, 0) == -EINVAL && wake(crooked, 1) == -EINVAL, "crooked: EINVAL");
    ok(wait_on(nothing, 0) == -EFAULT, "not readable: EFAULT");
    ok(wait_on(kernel, 0) == -EFAULT && wake(kernel, 1) == -EFAULT, "the kernel's: EFAULT");
    ok(wait_on(end, 0) == -EFAULT && wake(end, 1) == -EFAULT, "behind the last user address: EFAULT");
    ok(wake(nothing, 1) == 0, "a private wake looks at nothing");
    munmap(page, PAGE);
    ok(futex(gone, FUTEX_WAKE, 1, NULL, NULL, 0) == -EFAULT, "a shared wake where nothing is: EFAULT");
    ok(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0) == -EINVAL &&
           futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0) == -EINVAL, "no bits: EINVAL");
    for (int command = 2; command < 14; command++)
        if (command == 2 || command == 6 || command == 8 || command == 11 || command == 13)
            ok(futex(&word, command, 0, NULL, NULL, 0) == -ENOSYS, "command %d: ENOSYS", command);
}

// --- robust futexes ---

static struct {
    uint64_t next;
    _Atomic int word;
} entries[2];
static struct robust_list_head head;

// Takes both, one of them not yet on the list, and ends.
static int die_as_owner(void *unused)
{
    head = (struct robust_list_head){(uint64_t)&entries[0], offsetof(typeof(entries[0]), word),
                                     (uint64_t)&entries[1]};
    entries[0].next = (uint64_t)&head;
    entries[0].word = entries[1].word = self_tid() | FUTEX_WAITERS;
    raw(SYS_set_robust_list, (long)&head, sizeof head, 0, 0, 0, 0);
    wait_for_sleepers(&entries[0].word, 1);
    return 0;
}

// A list that is `argument`, and what it says: the kernel must come to an end of it.
static int die_with(void *list)
{
    raw(SYS_set_robust_list, (long)list, sizeof head, 0, 0, 0, 0);
    return 0;
}

static void robust(void)
{
    spawn(&threads[0], die_as_owner, NULL);
    int was;
    while (!(was = entries[0].word))
        sched_yield();
    ok(futex(&entries[0].word, FUTEX_WAIT, was, NULL, NULL, 0) == 0, "the owner's death wakes");
    unsigned died = FUTEX_WAITERS | FUTEX_OWNER_DIED;
    join(&threads[0]);
    ok((unsigned)entries[0].word == died, "and is told");
    ok((unsigned)entries[1].word == died, "also of the futex it was about to take");
    entries[0].word = 12345;
    head.pending = 0;
    spawn(&threads[0], die_with, &head);
    join(&threads[0]);
    ok(entries[0].word == 12345, "another's futex is left alone");

    struct {
        uint64_t next;
        int word;
    } turn = {(uint64_t)&turn, 0};
    struct robust_list_head circle = {(uint64_t)&turn, 8, 0}, nowhere = {0x1000, 0, 0x2000},
                            kernel = {-4096L, 0, -8192L}, crooked = {(uint64_t)&turn, 9, (uint64_t)&turn + 3};
    void *lists[] = {&circle, &nowhere, &kernel, &crooked, (void *)8, (void *)-4096L, (void *)0x3ffffffff8};
    for (int i = 0; i < 7; i++) {
        spawn(&threads[0], die_with, lists[i]);
        join(&threads[0]);
    }
    ok(true, "hostile lists have an end");
    uint64_t size = 0;
    struct robust_list_head *got = NULL;
    ok(raw(SYS_set_robust_list, (long)&head, 23, 0, 0, 0, 0) == -EINVAL, "a head of another size: EINVAL");
    raw(SYS_set_robust_list, (long)&head, sizeof head, 0, 0, 0, 0);
    ok(raw(SYS_get_robust_list, 0, (long)&got, (long)&size, 0, 0, 0) == 0 && got == &head &&
           size == sizeof head,
       "get_robust_list");
    ok(raw(SYS_get_robust_list, 8191, (long)&got, (long)&size, 0, 0, 0) == -ESRCH, "of nobody: ESRCH");
    ok(raw(SYS_get_robust_list, 0, 8, (long)&size, 0, 0, 0) == -EFAULT, "to nowhere: EFAULT");
    raw(SYS_set_robust_list, 0, sizeof head, 0, 0, 0, 0);
}

// --- a waiter whose page is gone --------------------------------------------------------------------------

static _Atomic int *map_shared(void)
{
    void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(page != MAP_FAILED, "mmap");
    return page;
}

static int sleep_on_shared(void *on)
{
    return futex(on, FUTEX_WAIT, 0, NULL, NULL, 0);
}

static long shared_sleepers(_Atomic int *on)
{
    return futex(on, FUTEX_REQUEUE, 0, (void *)INT_MAX, on, 0);
}

// Whatever is mapped next may lie where its page lay, and have the memory of the record of that.
static int unmap_under_waiter(void *unused)
{
    _Atomic int *page = map_shared();
    spawn(&threads[0], sleep_on_shared, page);
    while (shared_sleepers(page) < 1)
        sched_yield();
    munmap(page, PAGE);
    for (int i = 0; i < 8; i++)
        if (shared_sleepers(map_shared()))
            return 1;
    return 0;
}

static int sleep_for_good(void *unused)
{
    return wait_on(&word, 0);
}

int main(void)
{
    waking();
    requeueing();
    timeouts();
    refusals();
    robust();
    ok(ended(start(unmap_under_waiter, NULL)), "who waits on a page that is gone waits on no other");
    pid_t pid = start(sleep_for_good, NULL);
    usleep(2000);
    ok(wake(&word, 1) == 0, "another process' private futex is another");
    ok(kill(pid, SIGTERM) == 0 && killed(reap(pid), SIGTERM), "a signal ends the sleep");
    return done();
}
