// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/time.h"
time_t time(time_t *to);
int nanosleep(const struct timespec *duration, struct timespec *left);
int clock_gettime(int clock, struct timespec *to);

struct tm {
    int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
};
struct tm *gmtime(const time_t *seconds);
size_t strftime(char *to, size_t size, const char *format, const struct tm *tm); // %: Y m d H M S a b %
