// SPDX-License-Identifier: MIT
//
// Virtual time and the timer interrupt: the `time` CSR, and stimecmp on harts with sstc (Sstc spec 1.0)
// or else SBI's timer. Any context; state is constant after boot.

#include "arch/machine.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"
#include "arch/riscv/tlb_private.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/string.h"

static uint64_t hz = NS_PER_SECOND; // until arch_timer_init() knows better: early log lines have a time too
static bool have_sstc;              // every hart has it

// "rv64imac_zicsr_sstc": is `name` one of the multi-letter extensions?
static bool isa_has(const char *isa, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = isa; (at = strchr(at, '_')) != NULL;)
        if (strncmp(++at, name, length) == 0 && (at[length] == '_' || at[length] == '\0'))
            return true;
    return false;
}

void arch_timer_init(void)
{
    const struct fdt *fdt = &machine.fdt;
    have_sstc = true;
    for (int cpu = -1; (cpu = fdt_next(fdt, cpu, "device_type", "cpu")) >= 0;) {
        const char *isa = fdt_string(fdt, cpu, "riscv,isa");
        have_sstc = have_sstc && isa && isa_has(isa, "sstc");
    }
    if (!have_sstc && !sbi_has_timer)
        fatal("no timer: the harts have no sstc and the firmware has no SBI TIME");
    hz = machine.timebase_hz;
}

static void set_compare(uint64_t ticks)
{
    if (have_sstc)
        csr_write(CSR_STIMECMP, ticks);
    else
        sbi_set_timer(ticks);
}

void arch_timer_init_hart(void)
{
    timer_set_deadline(UINT64_MAX); // before STIE: stimecmp is 0 at reset, an interrupt at once
    csr_write(scounteren, 7);       // user programs may read cycle, time and instret
    csr_set(sie, SIE_TIMER);
}

// Seconds and the rest apart, so that no product overflows: hz is at most 10^9.
uint64_t clock_ns(void)
{
    uint64_t ticks = csr_read(time);
    return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

void timer_set_deadline(uint64_t deadline_ns)
{
    uint64_t watch_ns = report_watch_ns(), late_ns = strict_late_ns();
    deadline_ns = deadline_ns < watch_ns ? deadline_ns : watch_ns;
    deadline_ns = deadline_ns < late_ns ? deadline_ns : late_ns;
    uint64_t seconds = deadline_ns / NS_PER_SECOND, rest_ns = deadline_ns % NS_PER_SECOND;
    set_compare(seconds * hz + (rest_ns * hz + NS_PER_SECOND - 1) / NS_PER_SECOND); // rounded up: never early
}

void timer_interrupt_taken(void)
{
    this_hart()->heartbeat++;
    set_compare(UINT64_MAX);
    report_watch();
    if (strict_owes())
        tlb_serve();
}
