// SPDX-License-Identifier: MIT
//
// clone: a new thread, of this process or of a new one, which copies or shares what its maker has. fork is
// the clone that copies everything, a thread of a library the one that shares it. All that can fail comes
// before the child is published; what the copy of memory means is the business of mm (vm_space_fork) and of
// the boot argument fork=lend|cow|copy.

#include "arch/machine.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/syscalls.h"
#include "lib/trace.h"
#include "mm/object.h"
#include "mm/reclaim.h"
#include "mm/swap.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "uapi/errno.h"
#include "uapi/sched.h"
#include "uapi/signal.h"

enum fork_mode fork_mode = FORK_LEND;

// SYSVSEM shares something that is not there, DETACHED has long meant nothing. SIGHAND without THREAD copies
// the ignored signals all the same.
#define CLONE_KNOWN                                                                                          \
    (CSIGNAL | CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_VFORK |              \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SYSVSEM |        \
     CLONE_DETACHED)

// A parent that sleeps until the thread it made by CLONE_VFORK no longer needs the space. On its stack.
struct vfork {
    struct task *_Atomic child; // T  NULL: it is over; read without
    struct wait_queue queue;
};

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
static void child_start(void *)
{
    schedule_first_run();
    struct task *self = current_task();
    if (self->set_child_tid) {
        int tid = self->tid;
        int fault = copy_to_user(user_ptr(self->set_child_tid), &tid, sizeof tid);
        if (fault) // as Linux: a bad address costs the child nothing but the number
            log_debug("tid %d: child_tid is no address", tid);
    }
    task_enter_user();
}

// clone(2), "ERRORS": who shares the signal table must share memory, who shares the process must share both.
static bool valid(uint32_t flags)
{
    return !(flags & ~(uint32_t)CLONE_KNOWN) && (flags & CSIGNAL) < NSIG &&
           (!(flags & CLONE_THREAD) || (flags & CLONE_SIGHAND)) &&
           (!(flags & CLONE_SIGHAND) || (flags & CLONE_VM));
}

// What `child` does not share, it gets a copy of. => returns 0 or -ENOMEM; what was made is in the task
static int get_resources(struct task *child, struct task *parent, uint32_t flags)
{
    child->files = flags & CLONE_FILES ? parent->files : file_table_copy(parent->files);
    if (!child->files)
        return -ENOMEM;
    if (flags & CLONE_FILES)
        atomic_fetch_add(&child->files->refs, 1);
    child->fs = flags & CLONE_FS ? parent->fs : fs_context_copy();
    if (!child->fs)
        return -ENOMEM;
    if (flags & CLONE_FS)
        atomic_fetch_add(&child->fs->refs, 1);
    if (!(flags & CLONE_VM))
        return vm_space_fork(parent->space, fork_mode, &child->space);
    vm_space_get(parent->space);
    child->space = parent->space;
    return 0;
}

// => the task is not published
static void discard(struct task *child)
{
    if (child->space)
        vm_space_put(child->space);
    if (child->fs)
        fs_context_put(child->fs);
    if (child->files)
        file_table_put(child->files);
    if (child->process != current_task()->process)
        process_free(child->process);
    task_free(child);
}

// A thread with a process, if not the maker's, and nothing else. NULL: out of memory
static struct task *make_child(const struct task *parent, uint32_t flags)
{
    struct process *process = parent->process;
    if (!(flags & CLONE_THREAD)) {
        process = process_create(process->name, process);
        if (!process)
            return NULL;
        process->exit_signal = flags & CSIGNAL;
        process->ignored = parent->process->ignored;
    }
    struct task *child = task_create(process, child_start, NULL);
    if (child)
        child->blocked = parent->blocked;
    else if (process != parent->process)
        process_free(process);
    return child;
}

// => returns when the child has left the space, or this task is to end
static void vfork_wait(struct vfork *vfork)
{
    (void)wait_event_interruptible(&vfork->queue, !vfork->child, 0);
    spin_lock(&task_tree_lock); // whoever ends the wait holds it until he is done with our stack
    if (vfork->child)
        vfork->child->vfork = NULL;
    spin_unlock(&task_tree_lock);
}

void vfork_end(struct task *child)
{
    spin_lock(&task_tree_lock);
    if (child->vfork) {
        child->vfork->child = NULL;
        wake_all(&child->vfork->queue);
        child->vfork = NULL;
    }
    spin_unlock(&task_tree_lock);
}

bool room_for_task(void)
{
    size_t reserve_pages = frame_span.usable_pages / 32, free_pages;
    while ((free_pages = frame_free_count() + swap_free_count()) < reserve_pages)
        if (!vm_objects_reclaim(reserve_pages) && !rounds_wait(&reclaim_pages) && !rounds_wait(&reclaim_files) &&
            frame_free_count() + swap_free_count() <= free_pages) // nor a round that somebody else has asked for
            return false;
    return true;
}

int64_t sys_clone(uint64_t flags_argument, uint64_t stack, uint64_t parent_tid, uint64_t tls,
                  uint64_t child_tid)
{
    struct task *parent = current_task();
    uint32_t flags = (uint32_t)flags_argument;
    if (!valid(flags))
        return -EINVAL;
    struct task *child = room_for_task() ? make_child(parent, flags) : NULL;
    if (!child)
        return -ENOMEM;
    int error = get_resources(child, parent, flags);
    if (error) {
        discard(child);
        return error;
    }
    arch_thread_fork(&child->thread, &parent->thread);
    struct trap_frame *registers = arch_thread_user_frame(&child->thread);
    registers->x[2] = stack ? stack : registers->x[2];
    registers->x[4] = flags & CLONE_SETTLS ? tls : registers->x[4];
    child->set_child_tid = flags & CLONE_CHILD_SETTID ? child_tid : 0;
    child->clear_child_tid = flags & CLONE_CHILD_CLEARTID ? child_tid : 0;
    struct vfork vfork = {.child = child};
    wait_queue_init(&vfork.queue);
    child->vfork = flags & CLONE_VFORK ? &vfork : NULL;

    error = task_publish(child);
    if (error) {
        discard(child);
        return error;
    }
    int tid = child->tid; // the child may be gone before we return
    trace_event(TRACE_FORK, (uint64_t)parent->tid, (uint64_t)tid);
    // Before it runs: a thread may look there for its own number, and at its end 0 must be what stays.
    if ((flags & CLONE_PARENT_SETTID) && copy_to_user(user_ptr(parent_tid), &tid, sizeof tid))
        log_debug("tid %d: parent_tid is no address", parent->tid);
    schedule_new(child);
    if (flags & CLONE_VFORK)
        vfork_wait(&vfork);
    return tid;
}
