// SPDX-License-Identifier: MIT
//
// Runs the in-kernel tests and then the audit. Called by trap/main.c.

#include "tests/kernel/ktest.h"
#include "lib/format.h"
#include "lib/log.h"
#include "mm/audit.h"

extern const struct ktest ktests_start[], ktests_end[];

static void say(const char *pattern, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *pattern, ...)
{
    char line[160];
    struct text text = {.buffer = line, .capacity = sizeof line};
    va_list arguments;
    va_start(arguments, pattern);
    text_append_list(&text, pattern, arguments);
    va_end(arguments);
    log_raw(line, text.length);
}

void ktest_complain(const char *file, int line, const char *condition)
{
    say("# %s:%d: %s\n", file, line, condition);
}

static bool audit_is_exact(void)
{
    static char report[1024];
    struct text text = {.buffer = report, .capacity = sizeof report};
    int mismatches = mm_audit(&text);
    if (mismatches)
        say("# %s", report);
    return mismatches == 0;
}

int ktest_run_all(void)
{
    int number = 0, failed = 0;
    say("KTAP version 1\n1..%d\n", (int)(ktests_end - ktests_start) + 1);
    for (const struct ktest *test = ktests_start; test < ktests_end; test++) {
        bool passed = test->run();
        failed += !passed;
        say("%sok %d - %s\n", passed ? "" : "not ", ++number, test->name);
    }
    bool exact = audit_is_exact();
    say("%sok %d - audit\n", exact ? "" : "not ", number + 1);
    return failed + !exact + (number == 0);
}
