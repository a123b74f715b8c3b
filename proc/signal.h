// SPDX-License-Identifier: MIT
//
// Signals, as far as they end processes: default actions and SIG_IGN, no handlers yet. A signal is a bit in
// task->pending or, for whichever thread comes first, in process->pending; a thread acts on it on its way
// back to user mode, or when it wakes in the kernel. What is fatal to a thread ends its process.
#pragma once

#include "proc/task.h"

// Make a signal pending, unless the process ignores it. init ignores everything. => holds task_tree_lock
void signal_send(struct process *process, int number);
bool signal_is_ignored(const struct process *process, int number); // by SIG_IGN
// Another thread is to end, whatever it ignores: its process ends or runs exec. => holds task_tree_lock
void signal_end_thread(struct task *thread);
// A fault of the current task itself: cannot be blocked or ignored; it dies on its way to user mode.
void signal_force(int number);
// The signal the current task must die of now, 0 if none.
int signal_fatal(void);
