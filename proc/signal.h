// SPDX-License-Identifier: MIT
//
// Signals, as far as they end processes: default actions and SIG_IGN, no handlers yet. A signal is a bit in
// task->pending; the task acts on it on its way back to user mode, or when it wakes in the kernel.

#ifndef PROC_SIGNAL_H
#define PROC_SIGNAL_H

#include "proc/task.h"

// Make a signal pending, unless the task ignores it. init ignores everything. => holds task_tree_lock
void signal_send(struct task *task, int number);
// To every member of a process group. => returns whether there was one
bool signal_send_group(int process_group, int number);
// A fault of the current task itself: cannot be blocked or ignored; it dies on its way to user mode.
void signal_force(int number);
// The signal the current task must die of now, 0 if none.
int signal_fatal(void);
void signal_init(void); // hooks the console's Ctrl-C

#endif
