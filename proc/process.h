// SPDX-License-Identifier: MIT
//
// The life of threads and processes, seen from the way into and out of the kernel: fork, exec, exit.
#pragma once

#include "proc/signal.h"
#include "uapi/signal.h"

// How fork gives the child its memory: boot argument fork=lend|cow|copy. Constant after boot.
extern enum fork_mode fork_mode;
const char *fork_mode_name(enum fork_mode mode);
void fork_init(void);
void memory_init(void); // tells mm how to keep a mapped file open
void system_init(void); // random numbers
void system_random(void *buffer, size_t bytes); // differs, is no secret
void proc_files_init(void); // registers what is shown under /proc
// A user's struct timespec, from now on or `absolute` on one of two clocks, as a deadline in virtual time,
// never 0.
// => returns 0, -EFAULT or -EINVAL
[[nodiscard]] int read_deadline(uint64_t address, bool absolute, bool realtime, uint64_t *deadline_ns);

// Replace the current task's program. argv and envp are kernel strings for init's first program.
// => returns 0: arch_return_to_user() starts it; -errno: the old program is unharmed
[[nodiscard]] int exec_program(const char *path, const char *const *argv, const char *const *envp);

// End all threads of the current process. `status` as wait4 reports it: exit code << 8, or a signal number.
// Who is first decides; one that comes second, or after exec, only ends itself.
_Noreturn void process_exit(int status);
// For exec: ends the other threads, takes the pid. => returns 0; -EINTR: this thread is to end itself
[[nodiscard]] int process_end_other_threads(void);
// The current thread ends, or leaves its program by exec: mark the robust futexes it holds, write 0 to
// clear_child_tid, and wake who waits for them. => its space is still there; holds no lock
#if KINE_OPTION_FUTEX
void futex_init(void);
void futex_task_leaves(struct task *self);
#else
static inline void futex_init(void) {}
static inline void futex_task_leaves(struct task *) {}
#endif
void fail_nth_init(void); // registers /dev/fail-nth
// The thread has left the space it was made in by vfork: its parent may go on.
void vfork_end(struct task *child);

// A fault of the current task got no memory: kills the process that has most. => returns whether to try the
// fault again; false: it is the current one, or dying anyway. => holds no lock from RANK_OOM on; may sleep
#if KINE_OPTION_OOM
[[nodiscard]] bool oom_kill(void);
#else // without this part it is always the current one
static inline bool oom_kill(void) { signal_force(SIGKILL); return false; }
#endif

// Is there memory for one more task? After a fork both sides need frames for their first writes, stack and all, and
// what kernel stacks take cannot be had back: where a 32nd of memory is not free, one of them would soon be killed.
// => holds no lock: before the answer is no, all is reclaimed that can be
bool room_for_task(void);

// Pages of [start, end): present, of which others have some, too, and the rest is ours alone; swapped out.
struct page_count {
    uint64_t present, shared, private, swapped;
};
// => holds map_lock, either mode
struct page_count count_pages(struct vm_space *space, vaddr_t start, vaddr_t end);

// What every task does when it is about to enter user mode: reschedule, die. => interrupts off, also on
// return
void task_return_work(struct task *task);
// Entry function of a user task's kernel thread once its registers are in place.
_Noreturn void task_enter_user(void);
