// SPDX-License-Identifier: MIT
//
// The end of threads and processes, and the parent learning of it. Called by exit(2), exit_group(2), fatal
// signals, exec and wait4(2).
//
// A dying thread gives back its memory, files and names while it still runs, and leaves its stack for good in
// schedule_exit(). The last one makes the process a zombie (pid, status and times are left) and tells the
// parent, who takes it out of the tree in wait4.
//
// To end a process, its other threads are sent SIGKILL. Nobody waits for them but exec: each comes out of its
// sleep or its user code and ends by itself, and the status of who was first stands.

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/syscalls.h"
#include "lib/trace.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "proc/signal.h"
#include "uapi/errno.h"
#include "uapi/resource.h"
#include "uapi/signal.h"
#include "uapi/wait.h"

static void release_resources(struct task *self)
{
    futex_task_leaves(self);
    file_table_put(self->files);
    fs_context_put(self->fs);
    self->files = NULL;
    self->fs = NULL;
    vm_space_put(task_enter_space(NULL)); // no hart may hold the dying page table in satp
    vfork_end(self);
}

// => holds task_tree_lock
static void give_to_init(struct process *child)
{
    list_remove(&child->sibling);
    child->parent = init_process;
    child->exit_signal = SIGCHLD;
    list_push_back(&init_process->children, &child->sibling);
    if (child->zombie)
        wake_all(&init_process->child_exit);
}

// Children of the dead belong to init, zombies included; and so does a zombie for which its parent, who ignores
// SIGCHLD, will not wait. => holds task_tree_lock; no thread is left
static void become_zombie(struct process *process)
{
    struct process *parent = process->parent;
    if (process == init_process)
        fatal("init ended with status %#x: nothing is left to run", (unsigned)process->exit_status);
    list_for_each_safe(node, &process->children)
        give_to_init(container_of(node, struct process, sibling));
    process->zombie = true;
    if (process->exit_signal)
        signal_send(parent, process->exit_signal);
    if (process->exit_signal == SIGCHLD && signal_is_ignored(parent, SIGCHLD))
        give_to_init(process);
    wake_all(&parent->child_exit);
}

// This thread alone. Where nothing ends the others, the status of the first thread is that of the process.
static _Noreturn void task_exit(int status)
{
    struct task *self = current_task();
    struct process *process = self->process;
    trace_event(TRACE_EXIT, (uint64_t)self->tid, (uint64_t)status);
    release_resources(self);
    process_free_ended(process);
    spin_lock(&task_tree_lock);
    if (self->tid == process->pid && !process->ending)
        process->exit_status = status;
    spent_add(&process->ended_spent, (struct spent){task_run_ns(self), self->faults});
    task_retire(self);
    if (!process->thread_count)
        become_zombie(process);
    else if (process->ending)
        wake_all(&process->child_exit);
    spin_unlock(&task_tree_lock);
    schedule_exit();
}

// => holds task_tree_lock
static void end_other_threads(struct process *process)
{
    process->ending = true;
    list_for_each(node, &process->threads)
        if (thread_at(node) != current_task())
            signal_end_thread(thread_at(node));
}

void process_exit(int status)
{
    struct process *process = current_task()->process;
    spin_lock(&task_tree_lock);
    if (!process->ending) {
        process->exit_status = status;
        end_other_threads(process);
    }
    spin_unlock(&task_tree_lock);
    task_exit(status);
}

int process_end_other_threads(void)
{
    struct process *process = current_task()->process;
    spin_lock(&task_tree_lock);
    bool ending = process->ending;
    if (!ending)
        end_other_threads(process);
    spin_unlock(&task_tree_lock);
    if (ending)
        return -EINTR;
    wait_event(&process->child_exit, process->thread_count == 1);
    process_free_ended(process);
    spin_lock(&task_tree_lock);
    process->ending = false;
    process->exit_signal = SIGCHLD;
    task_take_pid(current_task());
    spin_unlock(&task_tree_lock);
    return 0;
}

void task_return_work(struct task *task)
{
    while (task->attention) {
        irq_enable();
        int number = task->attention & ATTENTION_SIGNAL ? signal_fatal() : 0;
        if (number)
            process_exit(number);
        if (task->attention & ATTENTION_RESCHEDULE)
            schedule_yield();
        irq_disable();
    }
}

void task_enter_user(void)
{
    irq_disable();
    task_return_work(current_task());
    arch_return_to_user();
}

int64_t sys_exit(uint64_t status)
{
    task_exit((int)(status & 0xff) << 8);
}

int64_t sys_exit_group(uint64_t status)
{
    process_exit((int)(status & 0xff) << 8);
}

// "Clone" children, which end with another signal than SIGCHLD or none, are waited for on demand (wait(2)).
static bool matches(const struct process *child, int pid, uint32_t options)
{
    if (!(options & __WALL) && (child->exit_signal != SIGCHLD) != !!(options & __WCLONE))
        return false;
    return pid == -1 || pid == child->pid ||
           (pid == 0 && child->process_group == child->parent->process_group) ||
           (pid < -1 && child->process_group == -pid);
}

// A zombie child that `pid` asks for, taken out of the tree; *any says whether any child matches at all.
static struct process *take_zombie(int pid, uint32_t options, bool *any)
{
    struct process *found = NULL;
    *any = false;
    spin_lock(&task_tree_lock);
    list_for_each(node, &current_task()->process->children) {
        struct process *child = container_of(node, struct process, sibling);
        if (!matches(child, pid, options))
            continue;
        *any = true;
        if (child->zombie) {
            found = child;
            spent_add(&child->ended_spent, child->child_spent);
            spent_add(&child->parent->child_spent, child->ended_spent);
            process_unpublish(child);
            break;
        }
    }
    spin_unlock(&task_tree_lock);
    return found;
}

static int copy_usage(uint64_t address, struct spent spent)
{
    struct rusage usage = {.ru_utime = {.tv_sec = (int64_t)(spent.run_ns / NS_PER_SECOND),
                                        .tv_usec = (int64_t)(spent.run_ns / 1000 % 1000000)},
                           .ru_minflt = (int64_t)spent.faults};
    return copy_to_user(user_ptr(address), &usage, sizeof usage);
}

int64_t sys_getrusage(uint64_t who_argument, uint64_t address)
{
    int who = (int)who_argument;
    struct task *self = current_task();
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
        return -EINVAL;
    spin_lock(&task_tree_lock);
    struct spent spent = who == RUSAGE_SELF       ? process_spent(self->process)
                         : who == RUSAGE_CHILDREN ? self->process->child_spent
                                                  : (struct spent){task_run_ns(self), self->faults};
    spin_unlock(&task_tree_lock);
    return copy_usage(address, spent);
}

static int report(const struct process *child, uint64_t status, uint64_t usage)
{
    if (status && copy_to_user(user_ptr(status), &child->exit_status, sizeof child->exit_status))
        return -EFAULT;
    if (usage && copy_usage(usage, child->ended_spent))
        return -EFAULT;
    return child->pid;
}

int64_t sys_wait4(uint64_t pid_argument, uint64_t status, uint64_t options_argument, uint64_t usage)
{
    int pid = (int)pid_argument;
    uint32_t options = (uint32_t)options_argument;
    if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WALL | __WCLONE))
        return -EINVAL;
    if (pid == INT32_MIN) // as Linux: there is no such group
        return -ESRCH;
    struct process *child = NULL;
    bool any = true;
    int interrupted =
        wait_event_interruptible(&current_task()->process->child_exit,
                                 (child = take_zombie(pid, options, &any)) || !any || (options & WNOHANG), 0);
    if (!child)
        return interrupted ? interrupted : any ? 0 : -ECHILD;
    process_free_ended(child);
    int64_t result = report(child, status, usage);
    process_free(child);
    return result;
}
