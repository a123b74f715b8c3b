// SPDX-License-Identifier: MIT
//
// A scheduler for host tests: what lib/wait.h wants of one, and the parts of arch/cpu.h that need no
// machine. The program starts as one task. Without other tasks, parking with no wake token and no deadline
// fails the test: nobody could ever wake it. Time stands still except when everybody sleeps: then it jumps
// to the next deadline.

#ifndef TESTS_HOST_FAKE_SCHED_H
#define TESTS_HOST_FAKE_SCHED_H

#include "lib/lockrank.h"
#include "lib/wait.h"

#include <setjmp.h>

// Another task, on its own stack in the same thread. fake_tasks_finish() runs all until they have returned;
// the test fails when all that are left sleep for ever.
struct task *fake_task_start(void (*entry)(void *), void *argument);
void fake_tasks_finish(void);
void fake_yield(void);
void fake_task_kill(struct task *task); // from now on it is `interrupted`; wakes it

// 0: tasks change only when one parks, yields or ends. Else at random, by this seed, also whenever a spin
// lock has been released: what several harts could do.
void fake_shuffle(uint64_t seed);

// Did `statement` panic with a message that contains `text`? Locks it took stay taken.
#define PANICS(statement, text)                      \
    ({                                               \
        fake_panic_expect();                         \
        bool panicked_ = setjmp(fake_panic_jump);    \
        if (!panicked_) {                            \
            statement;                               \
        }                                            \
        panicked_ && fake_panic_said(text);          \
    })
extern jmp_buf fake_panic_jump;
void fake_panic_expect(void);
bool fake_panic_said(const char *text);

#endif
