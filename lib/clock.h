// SPDX-License-Identifier: MIT
//
// Wall-clock time: virtual time plus what the real-time clock said at boot (0 without one).
#pragma once

#include "arch/cpu.h"

extern uint64_t clock_realtime_offset_ns; // set once at boot by the driver of a clock

static inline uint64_t clock_realtime_ns(void)
{
    return clock_ns() + clock_realtime_offset_ns;
}
