// SPDX-License-Identifier: MIT
//
// Threads as the machine sees them; contracts in arch/thread.h. Called by proc/ (create, switch, fork, exec)
// with interrupts off where the header says so. Takes no lock.
//
// The FPU belongs to user programs; the kernel is compiled without it and runs with sstatus.FS off. A user
// frame's FS field says what the program did since it was last loaded: dirty registers are saved when the
// thread is switched out. A thread that never touched them has nothing saved and finds zeros; the hart
// remembers that its registers are zero (`fpu_zero`), so switches among such threads cost nothing.

#include "arch/thread.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"

#include "lib/log.h"

_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_BYTES, "trap.S and csr.h know this size");
_Static_assert(offsetof(struct arch_thread, kernel_sp) == 8 && offsetof(struct arch_thread, scratch) == 16 &&
                   offsetof(struct hart, index) == 0 && offsetof(struct fpu_state, fcsr) == 256,
               "trap.S knows these offsets");

void (*describe_thread)(const struct arch_thread *thread, char *text, size_t bytes);

static void set_fs(struct trap_frame *frame, uint64_t fs)
{
    frame->sstatus = (frame->sstatus & ~(uint64_t)SSTATUS_FS) | fs;
}

struct trap_frame *arch_thread_user_frame(const struct arch_thread *thread)
{
    return (struct trap_frame *)(thread->kernel_sp - sizeof(struct trap_frame));
}

// If the live registers are newer than thread->fpu, bring them there. => the thread runs on this hart
static void fpu_keep(struct arch_thread *thread)
{
    struct trap_frame *frame = arch_thread_user_frame(thread);
    if ((frame->sstatus & SSTATUS_FS) != SSTATUS_FS_DIRTY)
        return;
    csr_set(sstatus, SSTATUS_FS);
    fpu_save(&thread->fpu);
    csr_clear(sstatus, SSTATUS_FS);
    thread->fpu_saved = true;
    thread->hart->fpu_zero = false;
    set_fs(frame, SSTATUS_FS_CLEAN);
}

static void fpu_load(struct hart *hart, const struct arch_thread *thread)
{
    static const struct fpu_state zeros;
    if (!thread->fpu_saved && hart->fpu_zero)
        return;
    csr_set(sstatus, SSTATUS_FS);
    fpu_restore(thread->fpu_saved ? &thread->fpu : &zeros);
    csr_clear(sstatus, SSTATUS_FS);
    hart->fpu_zero = !thread->fpu_saved;
}

void arch_thread_init(struct arch_thread *thread, void *stack_top, void (*entry)(void *), void *argument)
{
    thread->kernel_sp = (uint64_t)stack_top;
    arch_thread_user_frame(thread)->sstatus = 0; // nothing to save of the FPU
    thread->context[0] = (uint64_t)thread_start;
    thread->context[1] = thread->kernel_sp - sizeof(struct trap_frame);
    thread->context[13] = (uint64_t)entry; // s1
    thread->context[2] = (uint64_t)argument; // s2
}

_Noreturn void thread_returned(void); // called by trap.S
_Noreturn void thread_returned(void)
{
    panic("the entry function of a thread returned");
}

void trap_frame_print(const struct trap_frame *frame)
{
    static const char names[32][4] = {"",   "ra", "sp", "gp", "tp", "t0", "t1",  "t2",  "s0", "s1", "a0",
                                      "a1", "a2", "a3", "a4", "a5", "a6", "a7",  "s2",  "s3", "s4", "s5",
                                      "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    const uint64_t *x = frame->x;
    log_error("  sepc %016lx sstatus %lx scause %lx stval %016lx", frame->sepc, frame->sstatus, frame->scause,
              frame->stval);
    for (unsigned i = 0; i < 32; i += 4)
        log_error("  %3s %016lx %3s %016lx %3s %016lx %3s %016lx", names[i], x[i], names[i + 1], x[i + 1],
                  names[i + 2], x[i + 2], names[i + 3], x[i + 3]);
}

_Noreturn void kernel_stack_overflow(const struct trap_frame *frame); // called by trap.S
_Noreturn void kernel_stack_overflow(const struct trap_frame *frame)
{
    trap_frame_print(frame);
    panic("kernel stack overflow: sp = %#lx", frame->x[2]);
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
    struct hart *hart = from->hart;
    fpu_keep(from);
    fpu_load(hart, to);
    to->hart = hart;
    hart->running = to;
    switch_context(from->context, to->context, to);
}

void arch_user_frame_init(struct arch_thread *thread, uint64_t pc, uint64_t sp)
{
    struct trap_frame *frame = arch_thread_user_frame(thread);
    if (thread == this_thread() && ((frame->sstatus & SSTATUS_FS) == SSTATUS_FS_DIRTY || thread->fpu_saved))
        thread->hart->fpu_zero = false;
    *frame = (struct trap_frame){.sepc = pc};
    frame->x[2] = sp;
    frame->sstatus = csr_read(sstatus) & ~(uint64_t)(SSTATUS_SPP | SSTATUS_SIE | SSTATUS_SUM | SSTATUS_FS);
    frame->sstatus |= SSTATUS_SPIE | SSTATUS_FS_INITIAL;
    thread->fpu_saved = false;
    if (thread == this_thread())
        fpu_load(thread->hart, thread);
}

void arch_thread_fork(struct arch_thread *child, const struct arch_thread *from)
{
    fpu_keep(this_thread()); // which is `from`
    struct trap_frame *frame = arch_thread_user_frame(child);
    *frame = *arch_thread_user_frame(from);
    frame->x[10] = 0;
    child->fpu_saved = from->fpu_saved;
    if (child->fpu_saved)
        child->fpu = from->fpu;
}

_Noreturn void arch_return_to_user(void)
{
    irq_disable();
    struct trap_frame *frame = arch_thread_user_frame(this_thread());
    __asm__ volatile("mv sp, %0\n\tj return_to_user" : : "r"(frame) : "memory");
    __builtin_unreachable();
}
