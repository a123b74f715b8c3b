// SPDX-License-Identifier: MIT
//
// The kernel trace: a ring of the last events with time and hart, and a hash over all events since boot.
// Off unless the boot argument `trace` is given; printed at power-off. Two runs of one seed print the same.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum trace_kind { TRACE_SWITCH, TRACE_FORK, TRACE_EXIT, TRACE_FAULT, TRACE_SYSCALL, TRACE_KINDS };

#if KINE_OPTION_TRACE
extern bool trace_on;
void trace_start(void); // boot, once
void trace_record(enum trace_kind kind, uint64_t first, uint64_t second);
void trace_print(void); // to the console; nothing when off
#else
enum { trace_on = false };
static inline void trace_start(void) {}
static inline void trace_record(enum trace_kind, uint64_t, uint64_t) {}
static inline void trace_print(void) {}
#endif

static inline void trace_event(enum trace_kind kind, uint64_t first, uint64_t second)
{
    if (trace_on)
        trace_record(kind, first, second);
}
