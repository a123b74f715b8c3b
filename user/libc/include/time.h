// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/time.h"
time_t time(time_t *to);
int nanosleep(const struct timespec *duration, struct timespec *left);
int clock_gettime(int clock, struct timespec *to);
