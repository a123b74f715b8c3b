// SPDX-License-Identifier: MIT
//
// The scheduler: one run queue per hart, round robin, idle harts steal. Kernel code is never preempted:
// a switch happens when a task parks, yields, dies, or is on its way back to user mode.
#pragma once

#include "proc/task.h"

void schedule_init(void);  // once, before any task exists: queues, seed
_Noreturn void schedule_start_hart(void); // each hart, last thing of boot: becomes its idle task

// Both are for the entry function of a task: the first thing it must do.
void schedule_first_run(void); // => returns with interrupts on

void schedule_new(struct task *task); // TASK_NEW -> TASK_READY, on this hart's queue
void schedule_yield(void);            // let others run; => holds no spin lock
_Noreturn void schedule_exit(void);   // the task becomes TASK_DEAD; => already retired
void schedule_wait_dead(struct task *task); // until a retired task has left its stack

// Kernel loops that run long call this now and then.
void sched_point(void);

// A signal has come for `task`: wake it, or interrupt the hart it runs on.
void schedule_interrupt_task(struct task *task);

uint64_t task_run_ns(struct task *task); // CPU time, up to now
struct spent process_spent(struct process *process); // of all its threads; => holds task_tree_lock
char process_state_letter(struct process *process); // R, S, Z as in /proc/PID/stat; the same

void schedule_ipi(void);             // trap/: IPI_RESCHEDULE arrived; => interrupts off
void schedule_timer_interrupt(void); // trap/: => interrupts off
