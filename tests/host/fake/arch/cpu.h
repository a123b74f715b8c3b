// SPDX-License-Identifier: MIT
//
// Stands in for arch/riscv/include/arch/cpu.h on the host: the same declarations without the inline assembly.
// One hart at a time executes kernel code: harts[fake_hart]. tests/host/fake_sched.c defines what follows as
// weak symbols, so that a bigger fake can replace any of it; what is not defined there (IPIs, stopping harts)
// is for that bigger fake.

#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "arch/types.h"

struct arch_thread;

struct hart {
    unsigned index;            // 0 .. harts_online()-1, dense, boot hart = 0
    uint64_t id;               // what SBI and the device tree call it
    unsigned off_depth;        // nesting of irq_push_off(); only this hart touches it
    bool irq_was_on;           // interrupt state at depth 0 -> 1
    bool user_faults_disabled; // a nofault copy runs: a user page fault takes the fixup at once
    struct arch_thread *idle;  // the thread this hart booted on
    _Atomic uint32_t ipi_pending; // IPI_* bits; memory is the truth, sip.SSIP only a doorbell
    _Atomic uint64_t heartbeat;   // timer interrupts taken; other harts watch it
};

extern struct hart harts[MAX_HARTS];
unsigned harts_online(void); // fixed once boot is over

extern unsigned fake_hart;           // who we are
extern struct arch_thread *fake_thread;
extern uint64_t fake_clock_ns;       // what clock_ns() says; every spin turn adds a microsecond
extern void (*fake_spin_hook)(void); // called by cpu_spin_turn(): the other harts' chance

static inline struct hart *this_hart(void)
{
    return &harts[fake_hart];
}

static inline struct arch_thread *this_thread(void)
{
    return fake_thread;
}

void irq_push_off(void);
void irq_pop_off(void);
bool irq_enabled(void);
void irq_enable(void);
void irq_disable(void);

void cpu_spin_turn(void);

void cpu_wait_for_interrupt(void);

uint64_t clock_ns(void);
void timer_set_deadline(uint64_t deadline_ns);

enum { IPI_RESCHEDULE = 1, IPI_TLB = 2, IPI_STOP = 4, IPI_FENCE_I = 8, IPI_PANIC = 16 };
void ipi_send(unsigned hart_index, uint32_t bits);
uint32_t ipi_take(void);

void harts_stop_others(void);
void harts_resume_others(void);

_Noreturn void machine_power_off(unsigned status);

#endif
