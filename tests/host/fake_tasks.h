// SPDX-License-Identifier: MIT
//
// Tasks for host tests: coroutines under the kernel's own sleep hooks. One runs at a time; who comes next is
// chosen by a seeded generator at each park and each fake_yield(). When nobody can run, the test has found a
// lost wake-up or a deadlock and fails.

#ifndef TESTS_HOST_FAKE_TASKS_H
#define TESTS_HOST_FAKE_TASKS_H

#include <stdbool.h>
#include <stdint.h>

struct task;

void fake_tasks_init(uint64_t seed);
struct task *fake_task_start(void (*entry)(void *), void *argument);
void fake_tasks_run(void);                    // until all have ended
void fake_yield(void);                        // maybe let another one run
void fake_task_interrupt(struct task *task);  // wait_event_interruptible gives up
unsigned fake_random(unsigned below);
extern uint64_t fake_now_ns;

#endif
