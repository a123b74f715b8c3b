// SPDX-License-Identifier: MIT
//
// The hart we run on: who it is, its interrupt switch, waiting and the clock.
//
// In the kernel, register tp points at the current thread's `struct arch_thread`, whose first field is
// the hart it runs on. Kernel code is never preempted, so this_hart() stays true until the next sleep.
#pragma once

#include "arch/types.h"
#include "lib/assert.h"

#include <stdatomic.h>

struct arch_thread;

struct hart {
    unsigned index;            // 0 .. harts_online()-1, dense, boot hart = 0
    uint64_t id;               // what SBI and the device tree call it
    unsigned off_depth;        // nesting of irq_push_off(); only this hart touches it
    bool irq_was_on;           // interrupt state at depth 0 -> 1
    bool user_faults_disabled; // a nofault copy runs: a user page fault takes the fixup at once
    _Atomic bool idling;       // in cpu_wait_for_interrupt(); the hart before this one looks
    bool fpu_zero;             // the FPU registers are all zero (thread.c)
    struct arch_thread *idle;  // what it runs when there is nothing to do
    struct arch_thread *running;  // the last thread switched to, for reports
    uint64_t watched_beat, looked_ns, silent_ns; // what report.c last saw of the next hart
    _Atomic uint32_t ipi_pending; // IPI_* bits; memory is the truth, sip.SSIP only a doorbell
    _Atomic uint64_t heartbeat;   // interrupts taken; the hart before this one watches it
};

extern struct hart harts[MAX_HARTS];
unsigned harts_online(void); // fixed once boot is over

static inline struct hart *this_hart(void)
{
    struct hart **thread;
    __asm__("mv %0, tp" : "=r"(thread));
    return *thread;
}

static inline struct arch_thread *this_thread(void)
{
    struct arch_thread *thread;
    __asm__("mv %0, tp" : "=r"(thread));
    return thread;
}

// sstatus.SIE, bit 1: may interrupts come? The last two outside any push_off: idle loop and trap code only.
static inline bool irq_enabled(void)
{
    uint64_t sstatus;
    __asm__ volatile("csrr %0, sstatus" : "=r"(sstatus) : : "memory");
    return sstatus & 2;
}

static inline void irq_enable(void)
{
    __asm__ volatile("csrsi sstatus, 2" : : : "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("csrci sstatus, 2" : : : "memory");
}

// Interrupts off, nesting; the outermost pop restores what was.
static inline void irq_push_off(void)
{
    uint64_t before;
    __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(before) : : "memory");
    struct hart *hart = this_hart();
    if (hart->off_depth++ == 0)
        hart->irq_was_on = before & 2;
}

static inline void irq_pop_off(void)
{
    struct hart *hart = this_hart();
    ASSERT(hart->off_depth > 0 && !irq_enabled());
    if (--hart->off_depth == 0 && hart->irq_was_on)
        irq_enable();
}

// One turn of a spinning loop, interrupts off. Lets the other harts of a QEMU under icount run, which
// neither `pause` nor a plain loop does, and serves TLB shootdowns asked of this hart meanwhile.
void cpu_spin_turn(void);

// Idle: => interrupts off on entry and on return; returns when an interrupt is pending (maybe spuriously)
void cpu_wait_for_interrupt(void);

// Virtual time. Monotonic, the same on all harts.
uint64_t clock_ns(void);
// Next timer interrupt of this hart, absolute; UINT64_MAX = none. Comes earlier when the watch for hangs
// needs it. => interrupts off
void timer_set_deadline(uint64_t deadline_ns);
// trap/ calls this first on each timer interrupt. Looks for harts that hang; the timer is then unset: set the
// next deadline.
void timer_interrupt_taken(void);

// Inter-processor interrupts.
enum { IPI_RESCHEDULE = 1, IPI_TLB = 2, IPI_STOP = 4, IPI_REPORT = 8 };
void ipi_send(unsigned hart_index, uint32_t bits);
// Serves what arch itself owns (TLB, STOP, REPORT) and returns the rest (IPI_RESCHEDULE) for trap/.
uint32_t ipi_take(void);

// Stop every other hart in its IPI handler (interrupts on there needed; waits until all stand still), and
// let them go again. One caller at a time; => holds no spin lock. For the audit.
void harts_stop_others(void);
void harts_resume_others(void);

// End the machine: status 0..255 is the exit status of QEMU (sifive-test finisher), else SBI SRST.
_Noreturn void machine_power_off(unsigned status);
