// SPDX-License-Identifier: MIT
//
// Making and freeing tasks, pids, the task tree. Called by fork, exec, exit and boot; calls mm (stacks and
// slab) and the scheduler. The table of pids is a plain array: 8,191 is the limit by configuration.

#include "proc/task.h"
#include "lib/assert.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/schedule.h"
#include "uapi/errno.h"

struct spinlock task_tree_lock = SPINLOCK_INIT(RANK_TASKS);
struct task *init_task;

static struct task *tasks[TASKS_MOST]; // T  by pid
static int tasks_in_use;               // T
static int last_pid;                   // T  pids are given out in a ring, so that a freed one rests a while
static struct slab_cache task_cache = SLAB_CACHE("task", struct task);

struct task *task_create(const char *name, void (*entry)(void *), void *argument)
{
    struct task *task = slab_alloc(&task_cache);
    if (!task)
        return NULL;
    task->stack_top = kernel_stack_alloc();
    if (!task->stack_top) {
        slab_free(&task_cache, task);
        return NULL;
    }
    strlcpy(task->name, name, sizeof task->name);
    list_init(&task->run_node);
    list_init(&task->children);
    list_init(&task->sibling);
    wait_queue_init(&task->child_exit);
    arch_thread_init(&task->thread, task->stack_top, entry, argument);
    return task;
}

int task_publish(struct task *task, struct task *parent)
{
    spin_lock(&task_tree_lock);
    int pid = 0;
    for (int tries = 1; tries < TASKS_MOST && !pid; tries++) {
        last_pid = last_pid % (TASKS_MOST - 1) + 1;
        if (!tasks[last_pid])
            pid = last_pid;
    }
    if (pid) {
        task->pid = pid;
        tasks[pid] = task;
        tasks_in_use++;
        task->parent = parent;
        task->process_group = parent ? parent->process_group : pid;
        task->session = parent ? parent->session : pid;
        if (parent)
            list_push_back(&parent->children, &task->sibling);
    }
    spin_unlock(&task_tree_lock);
    return pid ? 0 : -EAGAIN;
}

void task_unpublish(struct task *task)
{
    ASSERT(spin_held(&task_tree_lock));
    tasks[task->pid] = NULL;
    tasks_in_use--;
    list_remove(&task->sibling);
}

void task_free(struct task *task)
{
    ASSERT(task->state == TASK_NEW || task->state == TASK_DEAD);
    kernel_stack_free(task->stack_top);
    slab_free(&task_cache, task);
}

struct task *task_by_pid(int pid)
{
    ASSERT(spin_held(&task_tree_lock));
    return pid > 0 && pid < TASKS_MOST ? tasks[pid] : NULL;
}

struct task *task_after_pid(int pid)
{
    ASSERT(spin_held(&task_tree_lock));
    for (int next = pid < 0 ? 1 : pid + 1; next < TASKS_MOST; next++)
        if (tasks[next])
            return tasks[next];
    return NULL;
}

int task_count(void)
{
    return tasks_in_use;
}

int kernel_thread_start(const char *name, void (*entry)(void *), void *argument)
{
    struct task *task = task_create(name, entry, argument);
    if (!task)
        return -ENOMEM;
    int error = task_publish(task, init_task);
    if (error) {
        task_free(task);
        return error;
    }
    schedule_new(task);
    return 0;
}

void task_describe(const struct arch_thread *thread, char *text, size_t bytes)
{
    const struct task *task = container_of(thread, struct task, thread);
    format(text, bytes, "pid %d (%s)", task->pid, task->name);
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
