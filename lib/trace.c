// SPDX-License-Identifier: MIT
//
// The trace ring. Called from everywhere, also with locks held; its own lock ranks last but one.

#include "lib/trace.h"
#include "arch/cpu.h"
#include "lib/log.h"
#include "lib/spinlock.h"

#define TRACE_EVENTS 1024 // a power of two

struct trace_entry {
    uint64_t time_ns, first, second;
    uint8_t kind, hart;
};

bool trace_on;
static struct trace_entry ring[TRACE_EVENTS];
static uint64_t recorded, hash = 0xcbf29ce484222325; // FNV-1a over all events, 64 bits at a time
static struct spinlock trace_lock = SPINLOCK_INIT(RANK_CONSOLE);

void trace_start(void)
{
    trace_on = true;
}

static void mix(uint64_t value)
{
    hash = (hash ^ value) * 0x100000001b3;
}

void trace_record(enum trace_kind kind, uint64_t first, uint64_t second)
{
    spin_lock(&trace_lock);
    struct trace_entry *entry = &ring[recorded++ % TRACE_EVENTS];
    *entry = (struct trace_entry){clock_ns(), first, second, (uint8_t)kind, (uint8_t)this_hart()->index};
    mix(entry->time_ns);
    mix(first);
    mix(second);
    mix((uint64_t)kind << 8 | entry->hart);
    spin_unlock(&trace_lock);
}

void trace_print(void)
{
    static const char *const names[TRACE_KINDS] = {"switch", "fork", "exit", "fault", "syscall"};
    if (!trace_on)
        return;
    trace_on = false;
    uint64_t count = recorded < TRACE_EVENTS ? recorded : TRACE_EVENTS;
    for (uint64_t i = recorded - count; i < recorded; i++) {
        const struct trace_entry *entry = &ring[i % TRACE_EVENTS];
        log_error("trace %lu %lu hart %u %s %#lx %#lx", i, entry->time_ns, entry->hart, names[entry->kind],
                  entry->first, entry->second);
    }
    log_error("trace: %lu events, hash %016lx", recorded, hash);
}
