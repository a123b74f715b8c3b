// SPDX-License-Identifier: MIT
//
// The kernel's voice: log lines and panic. Text goes to a ring of 64 KiB (`log_ring`, for gdb) and, unless
// the boot argument `quiet` asked for errors only, to the console sink that a driver has set. Lines begin
// with the virtual time in ms; lines of different harts never mix. Release builds keep LOG_DEBUG in the ring.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

// One line, no trailing newline in `pattern`; what is longer than 255 bytes is cut. May be called in any
// context, with any lock held.
void log_line(enum log_level level, const char *pattern, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

// Where text goes: writes bytes, polled, never sleeps; runs under the log's lock, so it takes no lock and
// does not log. Set by arch (early) and by the console driver.
void log_set_sink(void (*write)(const char *text, size_t bytes));
void log_set_quiet(bool quiet); // true: only LOG_ERROR and panics reach the sink

// Text for the sink alone, as it is: no time, no ring, even when quiet. For test verdicts.
void log_raw(const char *text, size_t bytes);

// Prints, then hands over to the hook that arch sets (it stops the other harts, prints registers,
// backtrace and held locks of every hart, and ends the machine with exit status 101).
_Noreturn void panic(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
// The first hart to panic wins, others wait to be stopped. A panic inside the hook ends the machine at once.
// The machine, or what it was given, makes it impossible to go on (no disk, too little memory): one clear
// line, and the machine ends with exit status 100. Nothing is wrong with the kernel, so no dump.
_Noreturn void fatal(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
void panic_set_hook(void (*hook)(void)); // must not return; setting it forgets earlier panics (host tests)
