// SPDX-License-Identifier: MIT
//
// Log lines and panic; contracts in lib/log.h. Any context, any lock held: the log's own lock has the last
// rank, and nothing is called under it but the sink, which takes no lock.
//
// The panicking hart does without the lock, since it, or a hart that died, may have been inside the log.

#include "lib/log.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/spinlock.h"

#include "arch/cpu.h"

enum { LINE_BYTES = 256, PATIENCE = 10000, FATAL_STATUS = 100, PANIC_STATUS = 101 };

static struct spinlock log_lock = SPINLOCK_INIT(RANK_LOG);
static char log_ring[65536];  // guarded by log_lock, as the next
static uint64_t log_written;  // bytes ever put into the ring
static void (*sink)(const char *text, size_t bytes);
static bool is_quiet;

static _Atomic uint32_t panicking; // 0, or index of the first hart that panicked + 1
static unsigned panics;            // of that hart: more than one when panicking itself went wrong
static void (*panic_hook)(void);

void log_set_sink(void (*write)(const char *text, size_t bytes))
{
    sink = write;
}

void log_set_quiet(bool quiet)
{
    is_quiet = quiet;
}

static void emit(const char *text, size_t bytes, bool to_ring, bool to_sink) NO_LOCK_ANALYSIS
{
    bool alone = atomic_load(&panicking) == this_hart()->index + 1;
    for (unsigned turns = 0; alone && turns < PATIENCE && log_lock.owner && !spin_held(&log_lock); turns++)
        cpu_spin_turn(); // let another hart finish its line
    if (!alone)
        spin_lock(&log_lock);
    for (size_t i = 0; to_ring && i < bytes; i++)
        log_ring[log_written++ % sizeof(log_ring)] = text[i];
    if (to_sink && sink)
        sink(text, bytes);
    if (!alone)
        spin_unlock(&log_lock);
}

void log_raw(const char *text, size_t bytes)
{
    emit(text, bytes, false, true);
}

static void log_list(enum log_level level, const char *prefix, const char *pattern, va_list arguments)
{
    char line[LINE_BYTES];
    struct text text = {.buffer = line, .capacity = sizeof(line) - 1}; // the newline always fits
    text_append(&text, "[%6lu] %s", clock_ns() / 1000000, prefix);
    text_append_list(&text, pattern, arguments);
    line[text.length++] = '\n';
    emit(line, text.length, true, level >= (is_quiet ? LOG_ERROR : KINE_DEBUG ? LOG_DEBUG : LOG_INFO));
}

void log_line(enum log_level level, const char *pattern, ...)
{
    static const char *const prefixes[] = {"debug: ", "", "warning: ", ""};
    va_list arguments;
    va_start(arguments, pattern);
    log_list(level, prefixes[level], pattern, arguments);
    va_end(arguments);
}

void panic_set_hook(void (*hook)(void))
{
    panic_hook = hook;
    panics = 0;
    atomic_store(&panicking, 0);
}

_Noreturn void panic(const char *pattern, ...)
{
    irq_push_off();
    uint32_t nobody = 0, me = this_hart()->index + 1;
    if (!atomic_compare_exchange_strong(&panicking, &nobody, me) && nobody != me)
        for (;;) // the first one speaks; its hook stops us in here
            cpu_spin_turn();
    if (++panics <= 2) { // a third time, even printing goes wrong
        char who[40];
        va_list arguments;
        format(who, sizeof(who), "%s on hart %u: ", panics == 1 ? "panic" : "panic within panic", me - 1);
        va_start(arguments, pattern);
        log_list(LOG_ERROR, who, pattern, arguments);
        va_end(arguments);
    }
    if (panics == 1 && panic_hook)
        panic_hook();
    machine_power_off(PANIC_STATUS);
}

_Noreturn void fatal(const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    log_list(LOG_ERROR, "", pattern, arguments);
    va_end(arguments);
    machine_power_off(FATAL_STATUS);
}
