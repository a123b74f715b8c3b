// SPDX-License-Identifier: MIT
//
// A task is a thread of execution with the resources it runs on: a space, open files, a working directory,
// each perhaps shared. A process is what others see of a group of threads: a number, a place in the tree, a
// life that ends with the last of them. A kernel thread is a process of one thread and no address space.
//
// Threads and processes have their numbers from one table; a process has that of its first thread. Table,
// tree and the lists of threads are guarded by one spin lock.
#pragma once

#include "arch/thread.h"
#include "fs/context.h"
#include "lib/list.h"
#include "lib/lockrank.h"
#include "lib/sleeplock.h"
#include "mm/space.h"

#define TASKS_MOST      8192 // numbers are 1 .. TASKS_MOST - 1
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

// Letters: C constant once published; Q the home run queue's lock; T task_tree_lock; A atomic;
// S only the task itself.
struct spent {
    uint64_t run_ns; // on harts
    uint64_t faults; // page faults
};

static inline void spent_add(struct spent *sum, struct spent more)
{
    sum->run_ns += more.run_ns;
    sum->faults += more.faults;
}

struct process {
    int pid;                    // C
    char name[TASK_NAME_BYTES]; // T  last component of the program's path
    struct list_node threads;   // T  those that have not ended
    _Atomic unsigned thread_count; // T  their number; read without
    struct list_node ended;     // T  threads that have: stack and record are still to be freed
    struct spent ended_spent;   // T  what they have used
    struct spent child_spent;   // T  what children that were waited for had used
    bool ending;                // T  exit_group, a fatal signal or exec has told the other threads to end

    struct process *parent;       // T
    struct list_node children;    // T
    struct list_node sibling;     // T
    int process_group, session;   // T
    bool zombie;                  // T  no thread is left; the parent may reap
    int exit_status;              // T  as wait4 reports it
    int exit_signal;              // T  what the parent is sent then; 0: nothing
    struct wait_queue child_exit; // its threads sleep here for children to end; in exec, for each other

    _Atomic uint64_t pending; // A  signals to any of its threads, not yet acted on: bit n - 1
    _Atomic uint64_t ignored; // A  SIG_IGN
};

struct task {
    struct arch_thread thread; // first: register tp points here
    _Atomic uint32_t attention; // A  enum task_attention

    enum task_state state;     // Q  read without, for a report
    bool wake_token;           // Q  a wake-up came while not parked
    _Atomic unsigned home;     // Q  index of the run queue it belongs to; read without, then re-checked
    struct list_node run_node; // Q
    uint64_t run_ns;           // Q  time spent on harts, up to the last switch
    uint64_t switched_in_ns;   // Q

    struct process *process;       // C  NULL: an idle task
    struct list_node thread_node;  // T  on process->threads, then on process->ended
    int tid;                       // T  changes when exec makes a thread the only one: then it is the pid
    void *stack_top;               // C  kernel stack
    struct vm_space *space;        // S  NULL: kernel thread, or ended. Others read it under T
    struct file_table *files;      // S
    struct fs_context *fs;         // S
    vaddr_t set_child_tid;         // S  where the new thread writes its tid; 0: nowhere
    vaddr_t clear_child_tid;       // S  written 0, and woken as a futex, at its end
    vaddr_t robust_list;           // S  futexes it may hold then: struct robust_list_head. Others may read it
    struct vfork *vfork;           // T  the parent that sleeps until this thread leaves its space, or NULL
    struct held_locks held_locks;  // S  for the rank check
    uint64_t faults;               // S  page faults so far; others read it

    _Atomic uint64_t pending; // A  signals to this thread
    _Atomic uint64_t blocked; // A  written by the task itself alone
};

extern struct spinlock task_tree_lock; // RANK_TASKS
extern struct process *init_process;   // pid 1; constant once it exists

static inline struct task *current_task(void)
{
    return container_of(this_thread(), struct task, thread);
}

static inline struct task *thread_at(struct list_node *node) // of process->threads
{
    return container_of(node, struct task, thread_node);
}

// A child of `parent` (NULL: init, of its own session) without threads or a number. NULL: out of memory
struct process *process_create(const char *name, struct process *parent);
void process_free(struct process *process); // => never published, or reaped
// A thread of `process` with a kernel stack, which will run entry(argument) first. NULL: out of memory.
struct task *task_create(struct process *process, void (*entry)(void *), void *argument);
void task_free(struct task *task); // => TASK_NEW or TASK_DEAD, not (or no longer) published
// Give it a number and a place among the threads, and its process, if new, a place in the tree; from now on
// others can see it. => returns 0, or -EAGAIN: no number is free, or the process is ending
[[nodiscard]] int task_publish(struct task *task);

// All these: => hold task_tree_lock
void task_retire(struct task *task);   // off the list of threads; its number is free, unless it is the pid
void task_take_pid(struct task *task); // the only thread left takes the number of its process
void process_unpublish(struct process *process);
struct task *task_by_tid(int tid);     // NULL when there is no such thread
struct process *process_by_pid(int pid);    // by the number of any of its threads, too
struct process *process_after_pid(int pid); // the process with the smallest pid above
bool group_exists(int group, int session);  // in that session; 0: is it the number of any group or session?
struct vm_space *process_space(const struct process *process); // NULL: kernel thread, zombie

// The current task runs in `space` from now on, NULL: as a kernel thread. => returns the space left
struct vm_space *task_enter_space(struct vm_space *space);
int task_count(void);
// Frees what is left of threads that have ended. => holds no lock
void process_free_ended(struct process *process);

// A kernel thread, made and set running; the first one is init. => returns 0 or -EAGAIN/-ENOMEM
[[nodiscard]] int kernel_thread_start(const char *name, void (*entry)(void *), void *argument);

// "pid 12 (sh)" of a thread: for panics.
void task_describe(const struct arch_thread *thread, char *text, size_t bytes);
