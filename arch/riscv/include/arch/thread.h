// SPDX-License-Identifier: MIT
//
// What the machine keeps of a thread: its registers, in user mode and while it is switched out.
// `struct task` (proc/) begins with one of these; trap entry finds it through tp / sscratch.
#pragma once

#include "arch/cpu.h"

// User (or interrupted kernel) registers, as trap entry saves them. x[0] is unused; x[2] is sp and so on.
struct trap_frame {
    uint64_t x[32];
    uint64_t sepc, sstatus, scause, stval;
};

struct fpu_state {
    uint64_t f[32];
    uint32_t fcsr;
};

struct arch_thread {
    struct hart *hart;    // offset 0: this_hart() reads it through tp
    uint64_t kernel_sp;   // offset 8: where a trap from user mode puts its frame (top of the kernel stack)
    uint64_t scratch;     // offset 16: for trap entry only
    uint64_t context[14]; // ra, sp, s0-s11 while switched out
    struct fpu_state fpu; // user FPU registers while switched out
    bool fpu_saved;       // fpu is valid (the thread has used it)
#if KINE_OPTION_FAIL_NTH
    unsigned alloc_budget, alloc_fails_on, alloc_failed; // the last of so many fails; and all later ones; one did
#endif
};

#define KERNEL_STACK_BYTES ((size_t)16384)

// A thread that will run entry(argument) on the stack that ends at `stack_top`. => zeroed memory
void arch_thread_init(struct arch_thread *thread, void *stack_top, void (*entry)(void *), void *argument);

// Both with interrupts off. Saves and restores the FPU when sstatus.FS says it is in use.
void arch_thread_switch(struct arch_thread *from, struct arch_thread *to);

// The user registers of a thread: at the top of its kernel stack.
struct trap_frame *arch_thread_user_frame(const struct arch_thread *thread);

// Enter user mode with the registers in arch_thread_user_frame(this_thread()).
_Noreturn void arch_return_to_user(void);

// Fills in a user frame for a fresh program: all registers zero but these; FPU registers zero.
void arch_user_frame_init(struct arch_thread *thread, uint64_t pc, uint64_t sp);

// Child of a fork: same registers and FPU state, a0 = 0. `from` is the current thread.
void arch_thread_fork(struct arch_thread *child, const struct arch_thread *from);

// System-call registers: a7, a0..a5; and the result register a0.
static inline uint64_t frame_syscall_number(const struct trap_frame *frame)
{
    return frame->x[17];
}

static inline void frame_set_result(struct trap_frame *frame, int64_t value)
{
    frame->x[10] = (uint64_t)value;
}

void *kernel_stack_alloc(void); // => returns the top of 16 KiB below an unmapped guard page; NULL when out of memory
void kernel_stack_free(void *top); // => not the stack we run on; holds no spin lock, interrupts on
unsigned kernel_stacks_reclaim(unsigned most); // gives back freed ones that are kept. => returns how many; as above
// Every frame that kernel stacks and their page tables hold, once each; for the audit. => other harts stopped
struct frame;
void kernel_stack_for_each_frame(void (*visit)(struct frame *frame));

// Reports name threads through this; NULL until proc/ sets it.
extern void (*describe_thread)(const struct arch_thread *thread, char *text, size_t bytes);

void trap_frame_print(const struct trap_frame *frame); // to the log
