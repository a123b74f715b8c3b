// SPDX-License-Identifier: MIT
//
// What the rest of proc/ knows of futexes: nothing but that a thread's last words go through them.

#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "proc/task.h"

void futex_init(void);
// The current thread ends, or leaves its program by exec: mark the robust futexes it holds, write 0 to
// clear_child_tid, and wake who waits for them. => its space is still there; holds no lock
void futex_task_leaves(struct task *self);

#endif
