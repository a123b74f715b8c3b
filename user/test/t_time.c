// SPDX-License-Identifier: MIT
// Clocks and sleep. Only the machine's own clock is asked; nothing here knows about time outside.
#include <time.h>
#include "ktap.h"

static long now_ns(int clock)
{
    struct timespec now;
    return clock_gettime(clock, &now) < 0 ? -1 : now.tv_sec * 1000000000 + now.tv_nsec;
}

static int sleep_then_exit(void *microseconds)
{
    return usleep(*(int *)microseconds) != 0;
}

int main(void)
{
    long before = now_ns(CLOCK_MONOTONIC), after, backwards = 0;
    ok(before >= 0, "CLOCK_MONOTONIC");
    ok(now_ns(CLOCK_REALTIME) > 0, "CLOCK_REALTIME");
    for (int i = 0; i < 1000; i++) {
        after = now_ns(CLOCK_MONOTONIC);
        backwards += after < before;
        before = after;
    }
    ok(backwards == 0, "never goes back");
    fails(clock_gettime(1234, &(struct timespec){0}), EINVAL, "an unknown clock");
    long naps_ns[] = {1, 1000, 1000000, 25000000};
    for (int i = 0; i < 4; i++) {
        struct timespec nap = {0, naps_ns[i]};
        before = now_ns(CLOCK_MONOTONIC);
        int result = nanosleep(&nap, NULL);
        ok(result == 0 && now_ns(CLOCK_MONOTONIC) - before >= naps_ns[i], "a sleep of %ld ns is no shorter",
           naps_ns[i]);
    }
    ok(nanosleep(&(struct timespec){0, 0}, NULL) == 0, "a sleep of nothing");
    fails(nanosleep(&(struct timespec){0, 1000000000}, NULL), EINVAL, "a billion nanoseconds");
    fails(nanosleep(&(struct timespec){-1, 0}, NULL), EINVAL, "less than nothing");
    int naps_us[] = {40000, 20000, 1000};
    pid_t pids[3];
    before = now_ns(CLOCK_MONOTONIC);
    for (int i = 0; i < 3; i++)
        pids[i] = start(sleep_then_exit, &naps_us[i]);
    ok(wait(NULL) == pids[2] && wait(NULL) == pids[1] && wait(NULL) == pids[0],
       "sleepers wake in the order of their times");
    after = now_ns(CLOCK_MONOTONIC) - before;
    ok(after >= 40000000, "and not too early");
    return done();
}
