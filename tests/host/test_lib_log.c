// SPDX-License-Identifier: MIT
//
// lib/log.c: what reaches the console, whole lines, and panics that meet panics.

#include "arch/cpu.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/spinlock.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char console[4096];
static size_t console_bytes;
static unsigned calls;

static void capture(const char *text, size_t bytes)
{
    memcpy(console + console_bytes, text, bytes);
    console_bytes += bytes;
    console[console_bytes] = 0;
    calls++;
}

static void start(bool quiet)
{
    console_bytes = calls = 0;
    console[0] = 0;
    log_set_sink(capture);
    log_set_quiet(quiet);
}

static void lines_have_time_and_level(void)
{
    start(false);
    fake_clock_ns = 1234 * 1000000ull + 999999;
    log_info("%s %d", "first", 1);
    log_warn("second");
    log_debug("third");
    log_error("fourth");
    CHECK(strcmp(console, "[  1234] first 1\n[  1234] warning: second\n"
                          "[  1234] debug: third\n[  1234] fourth\n") == 0);
    CHECK(calls == 4); // one write a line, so that nothing comes between
}

static void quiet_lets_errors_and_raw_text_through(void)
{
    start(true);
    log_debug("a");
    log_info("b");
    log_warn("c");
    log_raw("raw", 3);
    log_error("d");
    CHECK(strcmp(console, "raw[  1234] d\n") == 0);
}

static void long_lines_are_cut_but_end(void)
{
    static char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    start(false);
    log_info("%s", text);
    CHECK(console_bytes == 255 && console[254] == '\n' && console[253] == 'x');
    CHECK(strlen(console) == 255);
}

static void works_with_any_lock_held(void)
{
    struct spinlock console_lock;
    spin_init(&console_lock, RANK_CONSOLE);
    start(false);
    spin_lock(&console_lock);
    log_info("under the console's lock");
    spin_unlock(&console_lock);
    CHECK(calls == 1 && harts[0].off_depth == 0);
}

// ---- panics ----

static void say_and_return_here(void)
{
    longjmp(fake_panic_jump, 1);
}

static unsigned hooked, hook_panics;

static void bad_hook(void)
{
    hooked++;
    hook_panics++;
    panic("the hook fails, too");
}

// Ends what a panic inside the hook would end: the machine.
static unsigned off_status;
_Noreturn void machine_power_off(unsigned status)
{
    off_status = status;
    longjmp(fake_panic_jump, 1);
}

static void panic_names_hart_and_cause(void)
{
    start(true);
    panic_set_hook(say_and_return_here);
    fake_hart = 2;
    if (!setjmp(fake_panic_jump))
        panic("%s", "oh no");
    CHECK(strcmp(console, "[  1234] panic on hart 2: oh no\n") == 0);
    fake_hart = 0;
    harts[2].off_depth = 0;
}

static void panic_inside_the_hook_powers_off(void)
{
    start(true);
    panic_set_hook(bad_hook);
    if (!setjmp(fake_panic_jump))
        panic("first");
    CHECK(off_status == 101 && hooked == 1);
    CHECK(strstr(console, "panic on hart 0: first\n") &&
          strstr(console, "panic within panic on hart 0: the hook fails, too\n"));
    start(true);
    off_status = 0;
    if (!setjmp(fake_panic_jump)) // a third one: not a word more
        panic("third");
    CHECK(off_status == 101 && hooked == 1 && console_bytes == 0);
}

static void stop_the_second_hart(void)
{
    longjmp(fake_panic_jump, 2);
}

static void second_hart_waits(void)
{
    start(true);
    panic_set_hook(say_and_return_here);
    if (!setjmp(fake_panic_jump))
        panic("hart 0 is first");
    fake_hart = 1;
    fake_spin_hook = stop_the_second_hart; // where an IPI would stop it
    int how = setjmp(fake_panic_jump);
    if (!how)
        panic("hart 1 comes late");
    CHECK(how == 2);
    CHECK(strstr(console, "hart 0 is first") && !strstr(console, "comes late"));
    fake_hart = 0;
    fake_spin_hook = NULL;
}

// The panic comes while this hart is inside the log, its lock held.
static void panicking_sink(const char *text, size_t bytes)
{
    if (hook_panics == 0)
        capture(text, bytes);
    else if (hook_panics-- == 1)
        panic("in the sink");
}

static void panic_inside_the_log_is_heard(void)
{
    start(false);
    log_set_sink(panicking_sink);
    panic_set_hook(say_and_return_here);
    hook_panics = 1;
    if (!setjmp(fake_panic_jump))
        log_info("never finished");
    CHECK(strstr(console, "panic on hart 0: in the sink\n"));
}

static unsigned turns;

static void count_turns(void)
{
    turns++;
}

// Hart 1 is inside the log and will never leave it: hart 0 waits for a while, then speaks.
static void panicking_elsewhere(const char *text, size_t bytes)
{
    capture(text, bytes);
    if (fake_hart == 1) {
        fake_hart = 0;
        panic("hart 1 is stuck in the sink");
    }
}

static void panic_does_not_wait_for_the_dead(void)
{
    start(false);
    log_set_sink(panicking_elsewhere);
    panic_set_hook(say_and_return_here);
    fake_spin_hook = count_turns;
    fake_hart = 1;
    if (!setjmp(fake_panic_jump))
        log_info("never finished");
    CHECK(strstr(console, "never finished\n"));
    CHECK(strstr(console, "panic on hart 0: hart 1 is stuck in the sink\n"));
    CHECK(turns > 100 && turns < 100000);
    fake_spin_hook = NULL;
}

int main(void)
{
    TEST(lines_have_time_and_level);
    TEST(quiet_lets_errors_and_raw_text_through);
    TEST(long_lines_are_cut_but_end);
    TEST(works_with_any_lock_held);
    TEST(panic_names_hart_and_cause);
    TEST(panic_inside_the_hook_powers_off);
    TEST(second_hart_waits);
    fflush(stdout); // each of these leaves the log locked for ever
    if (fork() == 0) {
        TEST(panic_inside_the_log_is_heard);
        return 0;
    }
    int status;
    CHECK(wait(&status) > 0 && status == 0);
    TEST(panic_does_not_wait_for_the_dead);
}
