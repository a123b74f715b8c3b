// SPDX-License-Identifier: MIT
//
// The end of a process, and its parent learning of it. Called by exit(2), by fatal signals and wait4(2).
//
// A dying task gives back its memory, files and names while it still runs, becomes a zombie (pid, status and
// kernel stack are left), tells its parent, and leaves its stack for good in schedule_exit(). The parent, in
// wait4, takes the zombie out of the tree and frees the rest once the stack is left.

#include "arch/cpu.h"
#include "lib/assert.h"
#include "lib/trace.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "proc/signal.h"
#include "proc/syscalls.h"
#include "uapi/errno.h"
#include "uapi/resource.h"
#include "uapi/signal.h"
#include "uapi/wait.h"

static void release_resources(struct task *self)
{
    if (self->clear_child_tid) {
        int zero = 0, fault = copy_to_user(user_ptr(self->clear_child_tid), &zero, sizeof zero);
        (void)fault; // a bad address is the dying program's own affair
    }
    file_table_put(self->files);
    fs_context_put(self->fs);
    self->files = NULL;
    self->fs = NULL;

    // From here on a kernel thread: no hart may hold the dying page table in satp.
    struct vm_space *space = self->space;
    spin_lock(&task_tree_lock); // others look at task->space under it
    self->space = NULL;
    pt_activate(NULL);
    spin_unlock(&task_tree_lock);
    vm_space_put(space);
}

// Children of the dead belong to init, zombies included. => holds task_tree_lock
static void reparent_children(struct task *self)
{
    struct list_node *node;
    while ((node = list_pop_front(&self->children))) {
        struct task *child = container_of(node, struct task, sibling);
        child->parent = init_task;
        list_push_back(&init_task->children, node);
        if (child->zombie)
            wake_all(&init_task->child_exit);
    }
}

void task_exit(int status)
{
    struct task *self = current_task();
    trace_event(TRACE_EXIT, (uint64_t)self->pid, (uint64_t)status);
    if (self == init_task)
        fatal("init ended with status %#x: nothing is left to run", (unsigned)status);
    release_resources(self);
    spin_lock(&task_tree_lock);
    reparent_children(self);
    self->exit_status = status;
    self->zombie = true;
    wake_all(&self->parent->child_exit);
    spin_unlock(&task_tree_lock);
    schedule_exit();
}

void task_return_work(struct task *task)
{
    while (task->attention) {
        irq_enable();
        int number = task->attention & ATTENTION_SIGNAL ? signal_fatal() : 0;
        if (number)
            task_exit(number);
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

static bool matches(const struct task *child, int pid, int own_group)
{
    return pid == -1 || pid == child->pid || (pid == 0 && child->process_group == own_group) ||
           (pid < -1 && child->process_group == -pid);
}

// A zombie child that `pid` asks for, taken out of the tree; *any says whether any child matches at all.
static struct task *take_zombie(int pid, bool *any)
{
    struct task *self = current_task(), *found = NULL;
    *any = false;
    spin_lock(&task_tree_lock);
    list_for_each(node, &self->children) {
        struct task *child = container_of(node, struct task, sibling);
        if (!matches(child, pid, self->process_group))
            continue;
        *any = true;
        if (child->zombie) {
            found = child;
            task_unpublish(child);
            break;
        }
    }
    spin_unlock(&task_tree_lock);
    return found;
}

static int report(const struct task *child, uint64_t run_ns, uint64_t status, uint64_t usage)
{
    struct rusage spent = {
        .ru_utime = {.tv_sec = (int64_t)(run_ns / 1000000000), .tv_usec = (int64_t)(run_ns / 1000 % 1000000)}};
    if (status && copy_to_user(user_ptr(status), &child->exit_status, sizeof child->exit_status))
        return -EFAULT;
    if (usage && copy_to_user(user_ptr(usage), &spent, sizeof spent))
        return -EFAULT;
    return child->pid;
}

int64_t sys_wait4(uint64_t pid_argument, uint64_t status, uint64_t options, uint64_t usage)
{
    int pid = (int)pid_argument;
    if (options & ~(uint64_t)(WNOHANG | WUNTRACED))
        return -EINVAL;
    struct task *child = NULL;
    bool any = true;
    int interrupted = wait_event_interruptible(
        &current_task()->child_exit, (child = take_zombie(pid, &any)) || !any || (options & WNOHANG), 0);
    if (!child)
        return interrupted ? interrupted : any ? 0 : -ECHILD;
    schedule_wait_dead(child);
    int64_t result = report(child, task_run_ns(child), status, usage);
    task_free(child);
    return result;
}
