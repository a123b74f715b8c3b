// SPDX-License-Identifier: MIT
//
// Inter-processor interrupts, the waiting of harts for each other, and stopping them. What is asked of a hart
// is in its ipi_pending, in memory; sip.SSIP only makes it look. So a lost or doubled doorbell does no harm.
// Any context; takes no lock.

#include "arch/cpu.h"
#include "arch/thread.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"
#include "arch/riscv/tlb_private.h"

#include "lib/assert.h"

#define SSIP SIE_SOFTWARE // the same bit in sip

static _Atomic bool stopping;           // harts in serve_stop() stay there
static _Atomic uint32_t stopped_harts;

// Interrupts off between the two steps: whoever finds a bit already set relies on its setter to ring, which
// must not be stopped in between.
void ipi_send(unsigned hart_index, uint32_t bits)
{
    struct hart *hart = &harts[hart_index];
    irq_push_off();
    if (atomic_fetch_or(&hart->ipi_pending, bits) == 0)
        sbi_send_ipi(hart->id);
    irq_pop_off();
}

// Clear the doorbell, then look: a request that comes after the look rings again. (fence: a CSR write and a
// memory read are otherwise unordered.)
static uint32_t take_pending(uint32_t mask)
{
    csr_clear(sip, SSIP);
    __asm__ volatile("fence" : : : "memory");
    return atomic_fetch_and(&this_hart()->ipi_pending, ~mask) & mask;
}

static void serve_stop(void)
{
    if (!stopping)
        return;
    stopped_harts++;
    while (stopping)
        cpu_spin_turn();
    stopped_harts--;
}

uint32_t ipi_take(void)
{
    this_hart()->heartbeat++;
    uint32_t bits = take_pending(~(uint32_t)0);
    if (bits & IPI_REPORT)
        report_halt();
    if (bits & IPI_TLB && !strict_put_off())
        tlb_serve();
    if (bits & IPI_STOP)
        serve_stop();
    return bits & IPI_RESCHEDULE;
}

// Under QEMU's icount only wfi gives the processor to another hart, and it does so for free when an interrupt
// is pending: so make one pending, and take it away again. Requests that cannot wait for interrupts to come
// back on are served here: the hart we wait for may be waiting for our answer. Who waits is not stuck.
void cpu_spin_turn(void)
{
    this_hart()->heartbeat++;
    __asm__ volatile("csrsi sip, 2\n\twfi" : : : "memory");
    uint32_t bits = take_pending(IPI_TLB | IPI_REPORT);
    if (bits & IPI_REPORT)
        report_halt();
    if (bits & IPI_TLB || strict_owes())
        tlb_serve();
    if (this_hart()->ipi_pending != 0)
        csr_set(sip, SSIP);
    if (csr_read(sip) & SIE_TIMER) // it cannot be taken now, but the watch must go on
        report_watch();
}

void cpu_wait_for_interrupt(void)
{
    atomic_store_explicit(&this_hart()->idling, true, memory_order_relaxed);
    __asm__ volatile("wfi" : : : "memory");
    atomic_store_explicit(&this_hart()->idling, false, memory_order_relaxed);
}

void harts_stop_others(void)
{
    ASSERT(!stopping);
    stopping = true;
    irq_push_off();
    for (unsigned i = 0; i < harts_online(); i++)
        if (i != this_hart()->index)
            ipi_send(i, IPI_STOP);
    while (stopped_harts != harts_online() - 1)
        cpu_spin_turn();
    irq_pop_off();
}

void harts_resume_others(void)
{
    stopping = false;
    irq_push_off();
    while (stopped_harts != 0) // or the next stop could count one that is just leaving
        cpu_spin_turn();
    irq_pop_off();
}
