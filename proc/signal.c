// SPDX-License-Identifier: MIT
//
// Sending signals and their system calls. Called by kill(2), the console, faults and broken pipes.

#include "proc/signal.h"
#include "proc/schedule.h"
#include "proc/syscalls.h"
#include "uapi/errno.h"
#include "uapi/signal.h"

#define SIGNAL_BIT(number) ((uint64_t)1 << ((number)-1))
#define NEVER_IGNORED      (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
// Signals whose default action is nothing, and the stop signals, which wait for job control.
#define IGNORED_BY_DEFAULT                                                                                       \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) |                     \
     SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

void signal_send(struct task *task, int number)
{
    uint64_t bit = SIGNAL_BIT(number);
    if (task == init_task || !task->space || task->zombie || (IGNORED_BY_DEFAULT & bit))
        return;
    if (task->ignored & bit & ~NEVER_IGNORED)
        return;
    atomic_fetch_or(&task->pending, bit);
    schedule_interrupt_task(task);
}

bool signal_send_group(int process_group, int number)
{
    bool found = false;
    spin_lock(&task_tree_lock);
    for (struct task *task = task_after_pid(0); task; task = task_after_pid(task->pid))
        if (task->process_group == process_group && task->space) {
            found = true;
            if (number)
                signal_send(task, number);
        }
    spin_unlock(&task_tree_lock);
    return found;
}

void signal_force(int number)
{
    struct task *self = current_task();
    self->blocked &= ~SIGNAL_BIT(number);
    atomic_fetch_and(&self->ignored, ~SIGNAL_BIT(number));
    atomic_fetch_or(&self->pending, SIGNAL_BIT(number));
    atomic_fetch_or(&self->attention, ATTENTION_SIGNAL);
}

void current_kill_with(int number)
{
    struct task *self = current_task();
    if (!(self->ignored & SIGNAL_BIT(number))) {
        atomic_fetch_or(&self->pending, SIGNAL_BIT(number));
        atomic_fetch_or(&self->attention, ATTENTION_SIGNAL);
    }
}

int signal_fatal(void)
{
    struct task *self = current_task();
    uint64_t due = self->pending & ~(self->blocked & ~NEVER_IGNORED) & ~(self->ignored & ~NEVER_IGNORED);
    if (!due) {
        // Blocked ones stay pending but must not keep interrupting sleeps. Who sends one later sets it again.
        atomic_fetch_and(&self->attention, ~(uint32_t)ATTENTION_SIGNAL);
        due = self->pending & ~(self->blocked & ~NEVER_IGNORED) & ~(self->ignored & ~NEVER_IGNORED);
        if (!due)
            return 0;
    }
    return due & SIGNAL_BIT(SIGKILL) ? SIGKILL : __builtin_ctzll(due) + 1;
}

static void console_interrupt(int process_group, int number)
{
    signal_send_group(process_group, number);
}

void signal_init(void)
{
    tty_set_signal_hook(console_interrupt);
}

static int64_t kill_all(int number)
{
    bool found = false;
    spin_lock(&task_tree_lock);
    for (struct task *task = task_after_pid(1); task; task = task_after_pid(task->pid))
        if (task->space && task != current_task()) {
            found = true;
            if (number)
                signal_send(task, number);
        }
    spin_unlock(&task_tree_lock);
    return found ? 0 : -ESRCH;
}

int64_t sys_kill(uint64_t pid_argument, uint64_t number_argument)
{
    int pid = (int)pid_argument, number = (int)number_argument;
    if (number < 0 || number >= NSIG)
        return -EINVAL;
    if (pid == -1)
        return kill_all(number);
    if (pid <= 0)
        return signal_send_group(pid ? -pid : current_task()->process_group, number) ? 0 : -ESRCH;
    spin_lock(&task_tree_lock);
    struct task *task = task_by_pid(pid);
    if (task && number)
        signal_send(task, number);
    spin_unlock(&task_tree_lock);
    return task ? 0 : -ESRCH;
}

int64_t sys_tgkill(uint64_t process, uint64_t thread, uint64_t number)
{
    return (int)process <= 0 || (int)thread != (int)process ? -EINVAL : sys_kill(thread, number);
}

int64_t sys_tkill(uint64_t thread, uint64_t number)
{
    return (int)thread <= 0 ? -EINVAL : sys_kill(thread, number);
}

// Handlers come with a later issue: asking for one is refused, not forgotten.
int64_t sys_rt_sigaction(uint64_t number, uint64_t action, uint64_t old_action, uint64_t set_bytes)
{
    struct task *self = current_task();
    if (set_bytes != 8 || number < 1 || number >= NSIG)
        return -EINVAL;
    uint64_t bit = SIGNAL_BIT(number);
    struct kernel_sigaction old = {.handler = self->ignored & bit ? 1 : 0}, new;
    if (action) {
        if (bit & NEVER_IGNORED)
            return -EINVAL;
        if (copy_from_user(&new, user_ptr(action), sizeof new))
            return -EFAULT;
        if (new.handler > 1)
            return -ENOSYS;
    }
    if (old_action && copy_to_user(user_ptr(old_action), &old, sizeof old))
        return -EFAULT;
    if (action && new.handler)
        atomic_fetch_or(&self->ignored, bit);
    else if (action)
        atomic_fetch_and(&self->ignored, ~bit);
    return 0;
}

int64_t sys_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old_set, uint64_t set_bytes)
{
    struct task *self = current_task();
    uint64_t old = self->blocked, change = 0;
    if (set_bytes != 8)
        return -EINVAL;
    if (set && copy_from_user(&change, user_ptr(set), sizeof change))
        return -EFAULT;
    if (set && how > SIG_SETMASK)
        return -EINVAL;
    if (old_set && copy_to_user(user_ptr(old_set), &old, sizeof old))
        return -EFAULT;
    if (!set)
        return 0;
    self->blocked = (how == SIG_BLOCK ? old | change : how == SIG_UNBLOCK ? old & ~change : change) & ~NEVER_IGNORED;
    atomic_fetch_or(&self->attention, ATTENTION_SIGNAL); // look again: something may have been unblocked
    return 0;
}
