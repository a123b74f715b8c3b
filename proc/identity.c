// SPDX-License-Identifier: MIT
//
// Who a process is: numbers, groups, sessions. Everybody is root for now.

#include "lib/syscalls.h"
#include "proc/schedule.h"
#include "uapi/errno.h"

int64_t sys_getpid(void)
{
    return current_task()->process->pid;
}

int64_t sys_gettid(void)
{
    return current_task()->tid;
}

int64_t sys_getppid(void)
{
    spin_lock(&task_tree_lock);
    struct process *parent = current_task()->process->parent;
    int pid = parent ? parent->pid : 0;
    spin_unlock(&task_tree_lock);
    return pid;
}

int64_t sys_getuid(void)
{
    return 0;
}

int64_t sys_geteuid(void) __attribute__((alias("sys_getuid")));
int64_t sys_getgid(void) __attribute__((alias("sys_getuid")));
int64_t sys_getegid(void) __attribute__((alias("sys_getuid")));

int64_t sys_getpgid(uint64_t pid)
{
    spin_lock(&task_tree_lock);
    struct process *process = (int)pid ? process_by_pid((int)pid) : current_task()->process;
    int64_t group = process ? process->process_group : -ESRCH;
    spin_unlock(&task_tree_lock);
    return group;
}

int64_t sys_setpgid(uint64_t pid_argument, uint64_t group_argument)
{
    struct process *self = current_task()->process;
    int pid = (int)pid_argument, group = (int)group_argument;
    if (group < 0)
        return -EINVAL;
    spin_lock(&task_tree_lock);
    struct process *process = pid ? process_by_pid(pid) : self;
    int64_t result = 0;
    if (!process || (process != self && process->parent != self)) {
        result = -ESRCH;
    } else if (pid && pid != process->pid) { // the number of one of its threads
        result = -EINVAL;
    } else {
        group = group ? group : process->pid;
        if (process->session != self->session || process->session == process->pid ||
            (group != process->pid && !group_exists(group, self->session)))
            result = -EPERM;
        else
            process->process_group = group;
    }
    spin_unlock(&task_tree_lock);
    return result;
}

int64_t sys_setsid(void)
{
    struct process *self = current_task()->process;
    spin_lock(&task_tree_lock);
    int64_t result = -EPERM;
    if (!group_exists(self->pid, 0)) {
        self->session = self->process_group = self->pid;
        result = self->pid;
    }
    spin_unlock(&task_tree_lock);
    return result;
}

int64_t sys_set_tid_address(uint64_t address)
{
    current_task()->clear_child_tid = address;
    return current_task()->tid;
}

int64_t sys_sched_yield(void)
{
    schedule_yield();
    return 0;
}
