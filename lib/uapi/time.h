// SPDX-License-Identifier: MIT
// Time as system calls carry it.
#pragma once

#include <stdint.h>

enum { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
       CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME };
enum { TIMER_ABSTIME = 1, UTIME_NOW = 0x3fffffff, UTIME_OMIT = 0x3ffffffe };

struct timespec {
    int64_t tv_sec, tv_nsec;
};

struct timeval {
    int64_t tv_sec, tv_usec;
};
