// SPDX-License-Identifier: MIT
//
// Wall-clock time: virtual time plus what the real-time clock said at boot (0 without one). How long somebody waits.
#pragma once

#include "arch/cpu.h"

#define NS_PER_SECOND UINT64_C(1000000000)

extern uint64_t clock_realtime_offset_ns; // set once at boot by the driver of a clock

static inline uint64_t clock_realtime_ns(void)
{
    return clock_ns() + clock_realtime_offset_ns;
}

// How much time has passed since the last look, which is now; no more than there should be between two: a machine
// may stand still as a whole while its clock goes on, and nobody on it is to be blamed for that.
static inline uint64_t clock_passed_ns(uint64_t *looked_ns, uint64_t most_ns)
{
    uint64_t passed_ns = clock_ns() - *looked_ns;
    *looked_ns += passed_ns;
    return passed_ns < most_ns ? passed_ns : most_ns;
}
