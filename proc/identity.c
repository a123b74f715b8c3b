// SPDX-License-Identifier: MIT
//
// Who a process is: numbers, groups, sessions. Everybody is root for now.

#include "proc/schedule.h"
#include "proc/syscalls.h"
#include "uapi/errno.h"

int64_t sys_getpid(void)
{
    return current_task()->pid;
}

int64_t sys_gettid(void)
{
    return current_task()->pid;
}

int64_t sys_getppid(void)
{
    spin_lock(&task_tree_lock);
    struct task *parent = current_task()->parent;
    int pid = parent ? parent->pid : 0;
    spin_unlock(&task_tree_lock);
    return pid;
}

int64_t sys_getuid(void)
{
    return 0;
}

int64_t sys_geteuid(void)
{
    return 0;
}

int64_t sys_getgid(void)
{
    return 0;
}

int64_t sys_getegid(void)
{
    return 0;
}

int64_t sys_getpgid(uint64_t pid)
{
    spin_lock(&task_tree_lock);
    struct task *task = (int)pid ? task_by_pid((int)pid) : current_task();
    int64_t group = task ? task->process_group : -ESRCH;
    spin_unlock(&task_tree_lock);
    return group;
}

// A group exists in this session when a member does.
static bool group_exists(int group, int session)
{
    for (struct task *task = task_after_pid(0); task; task = task_after_pid(task->pid))
        if (task->process_group == group && task->session == session)
            return true;
    return false;
}

int64_t sys_setpgid(uint64_t pid_argument, uint64_t group_argument)
{
    struct task *self = current_task();
    int pid = (int)pid_argument, group = (int)group_argument;
    if (group < 0)
        return -EINVAL;
    spin_lock(&task_tree_lock);
    struct task *task = pid ? task_by_pid(pid) : self;
    int64_t result = 0;
    if (!task || (task != self && task->parent != self)) {
        result = -ESRCH;
    } else {
        group = group ? group : task->pid;
        if (task->session != self->session || task->session == task->pid ||
            (group != task->pid && !group_exists(group, self->session)))
            result = -EPERM;
        else
            task->process_group = group;
    }
    spin_unlock(&task_tree_lock);
    return result;
}

int64_t sys_setsid(void)
{
    struct task *self = current_task();
    spin_lock(&task_tree_lock);
    int64_t result = -EPERM;
    if (self->process_group != self->pid) {
        self->session = self->process_group = self->pid;
        result = self->pid;
    }
    spin_unlock(&task_tree_lock);
    return result;
}

int64_t sys_set_tid_address(uint64_t address)
{
    current_task()->clear_child_tid = address;
    return current_task()->pid;
}

int64_t sys_sched_yield(void)
{
    schedule_yield();
    return 0;
}
