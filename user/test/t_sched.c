// SPDX-License-Identifier: MIT
// Scheduling: everybody gets to run, and registers stay with their process.
#include "ktap.h"

enum { PROCESSES = 100 };

static int yield_often(void *unused)
{
    for (int i = 0; i < 200; i++)
        syscall(SYS_sched_yield);
    return 0;
}

// Preemption and yielding in the middle of arithmetic: integer and floating-point sums stay exact.
static int calculate(void *start_value)
{
    double sum = *(int *)start_value, product = 1.0;
    unsigned long hash = *(int *)start_value;
    for (int i = 1; i <= 200000; i++) {
        sum += i * 0.5;
        product *= i & 1 ? 2.0 : 0.5;
        hash = hash * 31 + i;
        if (i % 5000 == 0)
            syscall(SYS_sched_yield);
    }
    unsigned long expected = *(int *)start_value;
    for (int i = 1; i <= 200000; i++)
        expected = expected * 31 + i;
    return sum == *(int *)start_value + 200000.0 * 200001.0 / 4 && product == 1.0 && hash == expected ? 0 : 1;
}

static int spin_until_killed(void *unused)
{
    for (volatile long i = 0;; i++)
        ;
}

// Two processes hand a byte to and fro.
static int ping_pong(int rounds)
{
    int there[2], back[2], good = 0;
    char c = 'x';
    must(pipe(there) == 0 && pipe(back) == 0, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < rounds; i++)
            if (read(there[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
                _exit(1);
        _exit(0);
    }
    for (int i = 0; i < rounds; i++)
        good += write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1;
    return good == rounds && exited(reap(pid), 0);
}

int main(void)
{
    pid_t pids[PROCESSES];
    int good = 0;
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start(yield_often, NULL);
    for (int i = 0; i < PROCESSES; i++)
        good += exited(reap(pids[i]), 0);
    ok(good == PROCESSES, "%d processes yield and end", PROCESSES);
    good = 0;
    for (int i = 0; i < 8; i++)
        pids[i] = start(calculate, &i);
    for (int i = 0; i < 8; i++)
        good += exited(reap(pids[i]), 0);
    ok(good == 8, "eight processes calculate side by side");
    ok(ping_pong(500), "500 round trips through two pipes");
    for (int i = 0; i < 12; i++)
        pids[i] = start(spin_until_killed, NULL);
    ok(ping_pong(20), "round trips among twelve processes that never give way");
    good = 0;
    for (int i = 0; i < 12; i++)
        good += kill(pids[i], SIGKILL) == 0 && killed(reap(pids[i]), SIGKILL);
    ok(good == 12, "which can be killed");
    return done();
}
