// SPDX-License-Identifier: MIT
//
// Trap dispatch: the top of the kernel. Entered from arch's assembly with interrupts off and the registers
// saved; everything that happens to the kernel comes through these two functions.

#include "trap/trap.h"
#include "arch/irq.h"
#include "lib/log.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "proc/signal.h"
#include "uapi/signal.h"

static void interrupt(uint64_t cause)
{
    switch (cause) {
    case TRAP_TIMER_INTERRUPT:
        timer_interrupt_taken();
        schedule_timer_interrupt();
        break;
    case TRAP_SOFTWARE_INTERRUPT:
        if (ipi_take() & IPI_RESCHEDULE)
            schedule_ipi();
        break;
    case TRAP_EXTERNAL_INTERRUPT:
        irq_dispatch();
        break;
    default:
        panic("interrupt %#lx that nobody enabled", cause);
    }
}

// Everything a program does wrong that is not a page fault.
static int signal_of(uint64_t cause)
{
    switch (cause) {
    case TRAP_ILLEGAL:
        return SIGILL;
    case TRAP_BREAKPOINT:
        return SIGTRAP;
    case TRAP_FETCH_MISALIGNED:
    case TRAP_LOAD_MISALIGNED:
    case TRAP_STORE_MISALIGNED:
        return SIGBUS;
    default: // access faults: an address that no memory answers
        return SIGSEGV;
    }
}

static void exception_from_user(struct trap_frame *frame)
{
    switch (frame->scause) {
    case TRAP_ECALL_USER:
        frame->sepc += 4;
        syscall_dispatch(frame);
        break;
    case TRAP_FETCH_PAGE:
    case TRAP_LOAD_PAGE:
    case TRAP_STORE_PAGE:
        pagefault_from_user(frame);
        break;
    default:
        log_info("pid %d (%s): exception %lu at %#lx", current_task()->process->pid,
                 current_task()->process->name, frame->scause, frame->sepc);
        signal_force(signal_of(frame->scause));
    }
}

void trap_from_user(struct trap_frame *frame)
{
    if (frame->scause & TRAP_INTERRUPT) {
        interrupt(frame->scause);
    } else {
        irq_enable();
        exception_from_user(frame);
        irq_disable();
    }
    struct task *task = current_task();
    if (task->attention)
        task_return_work(task);
}

void trap_from_kernel(struct trap_frame *frame)
{
    if (frame->scause & TRAP_INTERRUPT) {
        interrupt(frame->scause);
        return;
    }
    if (pagefault_from_kernel(frame))
        return;
    trap_frame_print(frame);
    panic("exception %lu in the kernel at %#lx, address %#lx", frame->scause, frame->sepc, frame->stval);
}
