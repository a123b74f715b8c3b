// SPDX-License-Identifier: MIT
//
// Nothing is left: a page fault gets no memory, not even after reclaim. One process must go: the one that has
// most of its own, in RAM and on the swap device, since its death gives most back. For trap/pagefault.c.
//
// Its memory is taken at once, not when it has died: it may sleep for long, even wait for a lock that our
// caller holds. Unmapping needs its map_lock, and who holds that waits for nothing that ranks before it, so
// not for us. The victim finds nothing at its next access, and dies of the signal.

#include "lib/log.h"
#include "mm/frame.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "uapi/signal.h"

#define ENOUGH_PAGES 32 // free: somebody has given up something since our caller asked

static struct mutex oom_lock = {{.queue = WAIT_QUEUE_INIT(oom_lock.lock.queue), .rank = RANK_OOM}};

// The space of the next process behind *pid that may be killed, with a reference; NULL: no more.
static struct vm_space *next_space(int *pid)
{
    spin_lock(&task_tree_lock);
    struct process *process = process_after_pid(*pid);
    while (process && (process == init_process || !process_space(process)))
        process = process_after_pid(process->pid);
    struct vm_space *space = process ? process_space(process) : NULL;
    if (space) {
        *pid = process->pid;
        vm_space_get(space);
    }
    spin_unlock(&task_tree_lock);
    return space;
}

// What would come back: pages that nobody else has, in RAM or swapped out.
static uint64_t own_pages(struct vm_space *space)
{
    rwlock_read(&space->map_lock);
    struct page_count count = count_pages(space, 0, USER_END);
    rwlock_read_unlock(&space->map_lock);
    return count.private + count.swapped;
}

// => returns the pid of the biggest, 0: there is none. Where two are about alike, as after a fork that both
// sides have written to, it is the one that wants still more: `self` counts an eighth more than it has.
static int choose(const struct vm_space *self)
{
    struct vm_space *space;
    uint64_t most = 0;
    int biggest = 0;
    for (int pid = 0; (space = next_space(&pid)); vm_space_put(space)) {
        uint64_t pages = own_pages(space);
        pages += space == self ? pages / 8 + 1 : 0;
        if (pages > most) {
            most = pages;
            biggest = pid;
        }
    }
    return biggest;
}

// The process, and all that share its space. => returns its space, referenced; NULL: it has just died
static struct vm_space *kill(int pid)
{
    spin_lock(&task_tree_lock);
    struct process *victim = process_by_pid(pid);
    struct vm_space *space = victim ? process_space(victim) : NULL;
    if (space) {
        log_warn("out of memory: pid %d (%s) is killed", pid, victim->name);
        vm_space_get(space);
    }
    struct process *other = space ? process_after_pid(0) : NULL;
    for (; other; other = process_after_pid(other->pid))
        if (process_space(other) == space)
            signal_send(other, SIGKILL);
    spin_unlock(&task_tree_lock);
    return space;
}

bool oom_kill(void)
{
    struct vm_space *self = current_task()->space, *victim = NULL;
    if (signal_fatal())
        return false;
    mutex_lock(&oom_lock);
    int pid = alloc_failed() ? 0 : frame_free_count() < ENOUGH_PAGES ? choose(self) : -1;
    if (pid > 0 && (victim = kill(pid))) {
        if (victim != self && vm_unmap(victim, USER_START, USER_END - USER_START))
            log_warn("out of memory: pid %d keeps its memory until it dies", pid);
        vm_space_put(victim);
    }
    mutex_unlock(&oom_lock);
    if (pid && victim != self)
        return true;
    signal_force(SIGKILL); // also when we are init, and there is nobody else
    return false;
}
