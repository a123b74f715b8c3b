// SPDX-License-Identifier: MIT
//
// A task: a thread of execution with the resources it runs on. Kernel threads have no address space.
// The tree of tasks (parent, children, process groups) and the pid table are guarded by one spin lock.

#ifndef PROC_TASK_H
#define PROC_TASK_H

#include "arch/thread.h"
#include "fs/context.h"
#include "lib/list.h"
#include "lib/lockrank.h"
#include "lib/sleeplock.h"
#include "mm/space.h"

#define TASKS_MOST      8192 // pids are 1 .. TASKS_MOST - 1
#define TASK_NAME_BYTES 16   // as Linux' comm

enum task_state {
    TASK_NEW,     // being made: on no queue
    TASK_READY,   // on its home run queue
    TASK_RUNNING, // on a hart
    TASK_PARKED,  // asleep until a wake token comes
    TASK_DEAD,    // off its stack for good: may be freed
};

enum task_attention { // why the way back to user mode must take a detour
    ATTENTION_RESCHEDULE = 1,
    ATTENTION_SIGNAL = 2,
};

// Letters: C constant once the task runs; Q the home run queue's lock; T task_tree_lock; A atomic;
// S only the task itself.
struct task {
    struct arch_thread thread; // first: register tp points here
    _Atomic uint32_t attention; // A  enum task_attention

    enum task_state state;     // Q
    bool wake_token;           // Q  a wake-up came while not parked
    _Atomic unsigned home;     // Q  index of the run queue it belongs to; read without, then re-checked
    struct list_node run_node; // Q
    uint64_t run_ns;           // Q  time spent on harts, up to the last switch
    uint64_t switched_in_ns;   // Q

    int pid;                    // C
    char name[TASK_NAME_BYTES]; // S  last component of the program's path
    void *stack_top;            // C  kernel stack
    struct vm_space *space;     // S  NULL: kernel thread. Others read it under T
    struct file_table *files;   // S
    struct fs_context *fs;      // S
    vaddr_t set_child_tid;      // S  where the new child writes its pid; 0: nowhere
    vaddr_t clear_child_tid;    // S  written 0 at exit
    struct held_locks held_locks; // S  for the rank check
    uint64_t faults;              // S  page faults so far

    struct task *parent;          // T
    struct list_node children;    // T
    struct list_node sibling;     // T
    int process_group, session;   // T
    bool zombie;                  // T  exit_status is valid, the parent may reap
    int exit_status;              // T  as wait4 reports it
    struct wait_queue child_exit; // parents sleep here

    _Atomic uint64_t pending; // A  signals not yet acted on: bit n - 1
    uint64_t blocked;         // S
    _Atomic uint64_t ignored; // A  SIG_IGN
};

extern struct spinlock task_tree_lock; // RANK_TASKS
extern struct task *init_task;         // pid 1; constant once it exists

static inline struct task *current_task(void)
{
    return container_of(this_thread(), struct task, thread);
}

// A task with a kernel stack and nothing else, which will run entry(argument) first. NULL: out of memory.
struct task *task_create(const char *name, void (*entry)(void *), void *argument);
// Give it a pid and a place in the tree; from now on others can see it. NULL parent: init, of its own session.
// => returns 0 or -EAGAIN (no pid is free)
[[nodiscard]] int task_publish(struct task *task, struct task *parent);
void task_unpublish(struct task *task); // => holds task_tree_lock
void task_free(struct task *task);      // => TASK_NEW or TASK_DEAD, not (or no longer) published

// => holds task_tree_lock; NULL when there is no such task
struct task *task_by_pid(int pid);
struct task *task_after_pid(int pid); // the task with the smallest pid above
int task_count(void);

// A kernel thread, made and set running. => returns 0 or -EAGAIN/-ENOMEM
[[nodiscard]] int kernel_thread_start(const char *name, void (*entry)(void *), void *argument);

// "pid 12 (sh)" of a thread: for panics.
void task_describe(const struct arch_thread *thread, char *text, size_t bytes);

#endif
