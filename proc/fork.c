// SPDX-License-Identifier: MIT
//
// fork: a child that is the parent's copy. Called by clone(2). All that can fail comes before the child is
// published; what the copy of memory means is the business of mm (vm_space_fork) and of the boot argument
// fork=lend|cow|copy.

#include "arch/machine.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/trace.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "proc/syscalls.h"
#include "uapi/errno.h"
#include "uapi/sched.h"
#include "uapi/signal.h"

enum fork_mode fork_mode = FORK_LEND;

// clone(2) as fork(2) uses it. Threads (CLONE_VM and its company) are not here yet: they get -EINVAL.
#define FORK_FLAGS (CSIGNAL | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)

void fork_init(void)
{
    char text[8];
    pt_lend_least = (unsigned)boot_argument_u64("lend_least", pt_lend_least);
    if (!boot_argument("fork", text, sizeof text))
        return;
    for (unsigned mode = FORK_LEND; mode <= FORK_COPY; mode++)
        if (strcmp(text, fork_mode_name((enum fork_mode)mode)) == 0) {
            fork_mode = (enum fork_mode)mode;
            return;
        }
    log_warn("fork=%s: unknown, using %s", text, fork_mode_name(fork_mode));
}

const char *fork_mode_name(enum fork_mode mode)
{
    static const char *const names[] = {[FORK_LEND] = "lend", [FORK_COW] = "cow", [FORK_COPY] = "copy"};
    return names[mode];
}

// The child's first steps: it returns from the system call its parent made.
static void child_start(void *unused)
{
    (void)unused;
    schedule_first_run();
    struct task *self = current_task();
    if (self->set_child_tid) {
        int pid = self->pid;
        int fault = copy_to_user(user_ptr(self->set_child_tid), &pid, sizeof pid);
        if (fault) // as Linux: a bad address costs the child nothing but the number
            log_debug("pid %d: child_tid is no address", pid);
    }
    task_enter_user();
}

// Everything of `child` that can fail. => returns 0 or -ENOMEM; what was made is in the task
static int copy_resources(struct task *child, struct task *parent)
{
    child->files = file_table_copy(parent->files);
    if (!child->files)
        return -ENOMEM;
    child->fs = fs_context_copy(parent->fs);
    if (!child->fs)
        return -ENOMEM;
    return vm_space_fork(parent->space, fork_mode, &child->space);
}

static void drop_resources(struct task *child)
{
    if (child->space)
        vm_space_put(child->space);
    if (child->fs)
        fs_context_put(child->fs);
    if (child->files)
        file_table_put(child->files);
    task_free(child);
}

int64_t sys_clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls, uint64_t child_tid)
{
    (void)tls;
    struct task *parent = current_task();
    if ((flags & ~(uint64_t)FORK_FLAGS) || (flags & CSIGNAL) >= NSIG)
        return -EINVAL;
    struct task *child = task_create(parent->name, child_start, NULL);
    if (!child)
        return -ENOMEM;
    int error = copy_resources(child, parent);
    if (error) {
        drop_resources(child);
        return error;
    }
    arch_thread_fork(&child->thread, &parent->thread);
    if (stack)
        arch_thread_user_frame(&child->thread)->x[2] = stack;
    child->blocked = parent->blocked;
    child->ignored = parent->ignored;
    child->set_child_tid = flags & CLONE_CHILD_SETTID ? child_tid : 0;
    child->clear_child_tid = flags & CLONE_CHILD_CLEARTID ? child_tid : 0;

    error = task_publish(child, parent);
    if (error) {
        drop_resources(child);
        return error;
    }
    int pid = child->pid; // the child may be gone before we return
    trace_event(TRACE_FORK, (uint64_t)parent->pid, (uint64_t)pid);
    schedule_new(child);
    if ((flags & CLONE_PARENT_SETTID) && copy_to_user(user_ptr(parent_tid), &pid, sizeof pid))
        log_debug("pid %d: parent_tid is no address", parent->pid);
    return pid;
}
