// SPDX-License-Identifier: MIT
//
// Making and freeing threads and processes, their numbers, the tree. Called by fork, exec, exit and boot;
// calls mm (stacks and slab) and the scheduler. The table of numbers is a plain array: 8,191 is the limit by
// configuration.

#include "proc/task.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/schedule.h"
#include "proc/signal.h"
#include "uapi/errno.h"
#include "uapi/signal.h"

struct spinlock task_tree_lock = SPINLOCK_INIT(RANK_TASKS);
struct process *init_process;

// Who has a number. A process keeps its own after its first thread has ended, until it is reaped.
static struct {
    struct task *thread;
    struct process *process;
    bool led; // a group, which others may still be in
} numbers[TASKS_MOST];        // T
static int numbers_in_use;    // T
static int last_number;       // T  they are given out in a ring, so that a freed one rests a while
static struct slab_cache task_cache = SLAB_CACHE("task", struct task);
static struct slab_cache process_cache = SLAB_CACHE("process", struct process);

struct process *process_create(const char *name, struct process *parent)
{
    struct process *process = slab_alloc(&process_cache);
    if (!process)
        return NULL;
    strlcpy(process->name, name, sizeof process->name);
    process->parent = parent;
    process->exit_signal = SIGCHLD;
    list_init(&process->threads);
    list_init(&process->ended);
    list_init(&process->children);
    list_init(&process->sibling);
    wait_queue_init(&process->child_exit);
    return process;
}

void process_free(struct process *process)
{
    slab_free(&process_cache, process);
}

struct task *task_create(struct process *process, void (*entry)(void *), void *argument)
{
    struct task *task = slab_alloc(&task_cache);
    if (!task)
        return NULL;
    task->stack_top = kernel_stack_alloc();
    if (!task->stack_top) {
        slab_free(&task_cache, task);
        return NULL;
    }
    task->process = process;
    list_init(&task->run_node);
    list_init(&task->thread_node);
    arch_thread_init(&task->thread, task->stack_top, entry, argument);
    return task;
}

void task_free(struct task *task)
{
    ASSERT(task->state == TASK_NEW || task->state == TASK_DEAD);
    kernel_stack_free(task->stack_top);
    slab_free(&task_cache, task);
}

bool group_exists(int group, int session)
{
    for (struct process *process = process_after_pid(0); process; process = process_after_pid(process->pid))
        if (session ? process->process_group == group && process->session == session
                    : process->process_group == group || process->session == group)
            return true;
    return false;
}

static int free_number(void)
{
    for (int tries = 1; tries < TASKS_MOST; tries++) {
        last_number = last_number % (TASKS_MOST - 1) + 1;
        if (!numbers[last_number].thread && !numbers[last_number].process &&
            !(numbers[last_number].led && group_exists(last_number, 0)))
            return last_number;
    }
    return 0;
}

static void enter_tree(struct process *process, int pid)
{
    struct process *parent = process->parent;
    process->pid = pid;
    numbers[pid].process = process;
    process->process_group = parent ? parent->process_group : pid;
    process->session = parent ? parent->session : pid;
    if (parent)
        list_push_back(&parent->children, &process->sibling);
}

int task_publish(struct task *task)
{
    struct process *process = task->process;
    spin_lock(&task_tree_lock);
    bool dying = process->ending || (task->space && signal_fatal()); // who kills a group would not find the child
    int number = dying ? 0 : free_number();
    if (number) {
        task->home = this_hart()->index; // from now on others may wake it
        numbers_in_use++;
        numbers[number].thread = task;
        task->tid = number;
        list_push_back(&process->threads, &task->thread_node);
        process->thread_count++;
        if (!process->pid)
            enter_tree(process, number);
    }
    spin_unlock(&task_tree_lock);
    return number ? 0 : -EAGAIN;
}

void task_retire(struct task *task)
{
    ASSERT(spin_held(&task_tree_lock));
    struct process *process = task->process;
    list_remove(&task->thread_node);
    list_push_back(&process->ended, &task->thread_node);
    process->thread_count--;
    numbers[task->tid].thread = NULL;
    numbers_in_use -= !numbers[task->tid].process;
}

void task_take_pid(struct task *task)
{
    ASSERT(spin_held(&task_tree_lock) && task->process->thread_count == 1);
    int pid = task->process->pid;
    if (task->tid == pid)
        return;
    numbers[task->tid].thread = NULL;
    numbers_in_use--;
    numbers[pid].thread = task;
    task->tid = pid;
}

void process_unpublish(struct process *process)
{
    ASSERT(spin_held(&task_tree_lock));
    numbers[process->pid].process = NULL;
    numbers[process->pid].led = process->process_group == process->pid;
    numbers_in_use--;
    list_remove(&process->sibling);
}

// A thread cannot free the stack it stands on. It is left to the next thread of its process to end, or to
// whoever waits for the process; one that is here already is a few instructions from leaving it.
void process_free_ended(struct process *process)
{
    struct list_node *node;
    for (;;) {
        spin_lock(&task_tree_lock);
        node = list_pop_front(&process->ended);
        spin_unlock(&task_tree_lock);
        if (!node)
            return;
        schedule_wait_dead(thread_at(node));
        task_free(thread_at(node));
    }
}

struct task *task_by_tid(int tid)
{
    ASSERT(spin_held(&task_tree_lock));
    return tid > 0 && tid < TASKS_MOST ? numbers[tid].thread : NULL;
}

struct process *process_by_pid(int pid)
{
    struct task *thread = task_by_tid(pid);
    return thread ? thread->process : pid > 0 && pid < TASKS_MOST ? numbers[pid].process : NULL;
}

struct process *process_after_pid(int pid)
{
    ASSERT(spin_held(&task_tree_lock));
    for (int next = pid < 0 ? 1 : pid + 1; next < TASKS_MOST; next++)
        if (numbers[next].process)
            return numbers[next].process;
    return NULL;
}

struct vm_space *process_space(const struct process *process)
{
    ASSERT(spin_held(&task_tree_lock));
    list_for_each(node, &process->threads)
        if (thread_at(node)->space)
            return thread_at(node)->space;
    return NULL;
}

struct vm_space *task_enter_space(struct vm_space *space)
{
    struct task *self = current_task();
    spin_lock(&task_tree_lock); // others look at task->space under it
    struct vm_space *old = self->space;
    self->space = space;
    pt_activate(space ? &space->pt : NULL);
    spin_unlock(&task_tree_lock);
    return old;
}

int task_count(void)
{
    return numbers_in_use;
}

int kernel_thread_start(const char *name, void (*entry)(void *), void *argument)
{
    struct process *process = process_create(name, init_process);
    if (!init_process)
        init_process = process;
    struct task *task = process ? task_create(process, entry, argument) : NULL;
    int error = task ? task_publish(task) : -ENOMEM;
    if (!error) {
        schedule_new(task);
        return 0;
    }
    if (task)
        task_free(task);
    if (process)
        process_free(process);
    return error;
}

void task_describe(const struct arch_thread *thread, char *text, size_t bytes)
{
    const struct task *task = container_of(thread, struct task, thread);
    format(text, bytes, "pid %d, tid %d (%s)", task->process ? task->process->pid : 0, task->tid,
           task->process ? task->process->name : "idle");
}

// What fs/ asks about its caller (fs/context.h).
struct file_table *current_files(void)
{
    return current_task()->files;
}

struct fs_context *current_fs(void)
{
    return current_task()->fs;
}
