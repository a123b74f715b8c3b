// SPDX-License-Identifier: MIT
//
// Tests that run inside the kernel, as a task that may sleep: boot argument test=kernel. KTEST(name) defines
// one; the linker script gathers them. Results are KTAP on the console, the verdict is the exit status.

#ifndef TESTS_KERNEL_KTEST_H
#define TESTS_KERNEL_KTEST_H

#include <stdbool.h>

struct ktest {
    const char *name;
    bool (*run)(void);
};

#define KTEST(name)                                                                              \
    static bool ktest_##name(void);                                                              \
    static const struct ktest ktest_entry_##name                                                 \
        __attribute__((used, section(".ktests"))) = {#name, ktest_##name};                       \
    static bool ktest_##name(void)

// In a KTEST: a false condition says where, and ends the test.
#define KCHECK(condition)                                                                        \
    do {                                                                                         \
        if (!(condition)) {                                                                      \
            ktest_complain(__FILE__, __LINE__, #condition);                                      \
            return false;                                                                        \
        }                                                                                        \
    } while (0)
void ktest_complain(const char *file, int line, const char *condition);

int ktest_run_all(void); // => returns how many failed; also when there is no test at all: 1

#endif
