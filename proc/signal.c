// SPDX-License-Identifier: MIT
//
// Sending signals and their system calls. Called by kill(2), the console, faults and broken pipes.

#include "proc/signal.h"
#include "lib/syscalls.h"
#include "proc/schedule.h"
#include "uapi/errno.h"
#include "uapi/signal.h"

#define SIGNAL_BIT(number) ((uint64_t)1 << ((number)-1))
#define NEVER_IGNORED      (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
// Signals whose default action is nothing, and the stop signals, which wait for job control.
#define IGNORED_BY_DEFAULT                                                                              \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGCONT) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) |            \
     SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

bool signal_is_ignored(const struct process *process, int number)
{
    return process->ignored & SIGNAL_BIT(number);
}

// Whether a signal would change anything. => holds task_tree_lock
static bool cares(const struct process *process, uint64_t bit)
{
    return process != init_process && process_space(process) && !(IGNORED_BY_DEFAULT & bit) &&
           !(process->ignored & bit & ~NEVER_IGNORED);
}

// Every thread that does not block it is told: the first to look will take it, and one that begins to block
// it in the meantime has not taken it away from the others.
void signal_send(struct process *process, int number)
{
    uint64_t bit = SIGNAL_BIT(number);
    if (!cares(process, bit))
        return;
    atomic_fetch_or(&process->pending, bit);
    list_for_each(node, &process->threads)
        if (!(thread_at(node)->blocked & bit & ~NEVER_IGNORED))
            schedule_interrupt_task(thread_at(node));
}

static void send_to_thread(struct task *thread, int number)
{
    if (!cares(thread->process, SIGNAL_BIT(number)))
        return;
    atomic_fetch_or(&thread->pending, SIGNAL_BIT(number));
    schedule_interrupt_task(thread);
}

void signal_end_thread(struct task *thread)
{
    atomic_fetch_or(&thread->pending, SIGNAL_BIT(SIGKILL));
    schedule_interrupt_task(thread);
}

bool signal_process_group(int process_group, int number)
{
    bool found = false;
    spin_lock(&task_tree_lock);
    for (struct process *process = process_after_pid(0); process; process = process_after_pid(process->pid)) {
        bool meant = process_group ? process->process_group == process_group
                                   : process != init_process && process != current_task()->process &&
                                         process_space(process);
        if (!meant)
            continue;
        found = true;
        if (number)
            signal_send(process, number);
    }
    spin_unlock(&task_tree_lock);
    return found;
}

void signal_force(int number)
{
    struct task *self = current_task();
    atomic_fetch_and(&self->blocked, ~SIGNAL_BIT(number));
    atomic_fetch_and(&self->process->ignored, ~SIGNAL_BIT(number));
    atomic_fetch_or(&self->pending, SIGNAL_BIT(number));
    atomic_fetch_or(&self->attention, ATTENTION_SIGNAL);
}

void current_kill_with(int number)
{
    struct task *self = current_task();
    if (self->process != init_process && !signal_is_ignored(self->process, number)) {
        atomic_fetch_or(&self->pending, SIGNAL_BIT(number));
        atomic_fetch_or(&self->attention, ATTENTION_SIGNAL);
    }
}

static uint64_t due(const struct task *self)
{
    return (self->pending | self->process->pending) &
           ~((self->blocked | self->process->ignored) & ~NEVER_IGNORED);
}

int signal_fatal(void)
{
    struct task *self = current_task();
    uint64_t now = due(self);
    if (!now) {
        // Blocked ones stay pending but must not keep interrupting sleeps. Who sends one later sets it again.
        atomic_fetch_and(&self->attention, ~(uint32_t)ATTENTION_SIGNAL);
        now = due(self);
        if (!now)
            return 0;
        atomic_fetch_or(&self->attention, ATTENTION_SIGNAL); // it has come in between, and is to be acted on yet
    }
    return now & SIGNAL_BIT(SIGKILL) ? SIGKILL : __builtin_ctzll(now) + 1;
}

static bool is_signal(int number) // 0: only ask
{
    return number >= 0 && number < NSIG;
}

int64_t sys_kill(uint64_t pid_argument, uint64_t number_argument)
{
    int pid = (int)pid_argument, number = (int)number_argument;
    if (!is_signal(number))
        return -EINVAL;
    if (pid == INT32_MIN) // as Linux: there is no such group
        return -ESRCH;
    if (pid <= 0) {
        int group = pid == -1 ? 0 : pid ? -pid : current_task()->process->process_group;
        return signal_process_group(group, number) ? 0 : -ESRCH;
    }
    spin_lock(&task_tree_lock);
    struct process *process = process_by_pid(pid);
    if (process && number)
        signal_send(process, number);
    spin_unlock(&task_tree_lock);
    return process ? 0 : -ESRCH;
}

// pid 0: whatever process the thread is of.
static int64_t kill_thread(int pid, int tid, int number)
{
    if (tid <= 0 || !is_signal(number))
        return -EINVAL;
    spin_lock(&task_tree_lock);
    struct task *thread = task_by_tid(tid);
    bool found = thread && (!pid || thread->process->pid == pid);
    if (found && number)
        send_to_thread(thread, number);
    spin_unlock(&task_tree_lock);
    return found ? 0 : -ESRCH;
}

int64_t sys_tgkill(uint64_t process, uint64_t thread, uint64_t number)
{
    return (int)process <= 0 ? -EINVAL : kill_thread((int)process, (int)thread, (int)number);
}

int64_t sys_tkill(uint64_t thread, uint64_t number)
{
    return kill_thread(0, (int)thread, (int)number);
}

// And what has come already is forgotten.
static void ignore(struct process *process, uint64_t bit)
{
    atomic_fetch_or(&process->ignored, bit);
    atomic_fetch_and(&process->pending, ~bit);
    spin_lock(&task_tree_lock);
    list_for_each(node, &process->threads)
        atomic_fetch_and(&thread_at(node)->pending, ~bit);
    spin_unlock(&task_tree_lock);
}

// Handlers come with a later issue: asking for one is refused, not forgotten.
int64_t sys_rt_sigaction(uint64_t number, uint64_t action, uint64_t old_action, uint64_t set_bytes)
{
    struct process *self = current_task()->process;
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
        ignore(self, bit);
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
    change = how == SIG_BLOCK ? old | change : how == SIG_UNBLOCK ? old & ~change : change;
    self->blocked = change & ~NEVER_IGNORED;
    atomic_fetch_or(&self->attention, ATTENTION_SIGNAL); // look again: something may have been unblocked
    return 0;
}
