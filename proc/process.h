// SPDX-License-Identifier: MIT
//
// The life of a process, seen from the way into and out of the kernel: fork, exec, exit.

#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include "proc/signal.h"
#include "uapi/signal.h"

// How fork gives the child its memory: boot argument fork=copy|cow. Constant after boot.
extern enum fork_mode fork_mode;
void fork_init(void);
void memory_init(void); // tells mm how to keep a mapped file open

// Replace the current task's program. argv and envp are kernel strings for init's first program.
// => returns 0: arch_return_to_user() starts it; -errno: the old program is unharmed
[[nodiscard]] int exec_program(const char *path, const char *const *argv, const char *const *envp);

// A fault of the current task got no memory: kills the process that has most. => returns whether to try the fault
// again; false: it is the current one, or dying anyway. => holds no lock from RANK_OOM on; may sleep
#if KINE_OPTION_OOM
[[nodiscard]] bool oom_kill(void);
#else // without this part it is always the current one
static inline bool oom_kill(void) { signal_force(SIGKILL); return false; }
#endif

// End the current task. `status` as wait4 reports it: exit code << 8, or a signal number.
_Noreturn void task_exit(int status);

// What every task does when it is about to enter user mode: reschedule, die. => interrupts off, also on return
void task_return_work(struct task *task);
// Entry function of a user task's kernel thread once its registers are in place.
_Noreturn void task_enter_user(void);

#endif
