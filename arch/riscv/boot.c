// SPDX-License-Identifier: MIT
//
// The harts: the boot hart's way from entry.S to kernel_main(), and the start of the others (SBI HSM).

#include "arch/machine.h"
#include "arch/trap.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/private.h"

#include "lib/clock.h"
#include "lib/log.h"

#define START_NS (10 * NS_PER_SECOND)

struct hart harts[MAX_HARTS];
struct arch_thread boot_threads[MAX_HARTS] = {[0] = {.hart = &harts[0]}}; // entry.S: tp from the start
char emergency_stacks[MAX_HARTS][4096] __attribute__((aligned(16)));      // trap.S: after a stack overflow

struct arch_thread *starting_thread; // entry.S: what the hart that is being started runs

static unsigned online = 1;
static _Atomic unsigned arrived = 1;
static _Atomic bool released; // the others may enter the kernel

unsigned harts_online(void)
{
    return relaxed_read(online);
}

static void hart_init(void)
{
    csr_set(sstatus, SSTATUS_FS);
    if (!(csr_read(sstatus) & SSTATUS_FS))
        fatal("hart %lu has no floating point, which programs are compiled for", this_hart()->id);
    csr_clear(sstatus, SSTATUS_FS | SSTATUS_SUM);
    csr_write(sie, SIE_SOFTWARE | SIE_EXTERNAL);
    arch_timer_init_hart();
}

_Noreturn void arch_boot(uint64_t hart_id, paddr_t device_tree); // called by entry.S
_Noreturn void arch_boot(uint64_t hart_id, paddr_t device_tree)
{
    harts[0] = (struct hart){.id = hart_id, .idle = &boot_threads[0], .running = &boot_threads[0]};
    boot_threads[0].kernel_sp = (uint64_t)boot_stack_top;
    log_set_sink(sbi_put_text);
    sbi_probe();
    machine_read(device_tree);
    report_init();
    kernel_map_build();
    power_init(true);
    arch_timer_init();
    hart_init();
    plic_init();
    kernel_main();
}

_Noreturn void hart_enter(void); // called by entry.S
_Noreturn void hart_enter(void)
{
    hart_init();
    arrived++;
    while (!released)
        cpu_spin_turn();
    kernel_main_secondary();
}

// One at a time: starting_thread is for whoever comes now.
static void start_hart(uint64_t id)
{
    unsigned index = online;
    void *stack_top = kernel_stack_alloc();
    if (!stack_top) {
        log_warn("hart %lu not started: no memory for its stack", id);
        return;
    }
    struct arch_thread *thread = starting_thread = &boot_threads[index];
    *thread = (struct arch_thread){.hart = &harts[index], .kernel_sp = (uint64_t)stack_top};
    harts[index] = (struct hart){.index = index, .id = id, .idle = thread, .running = thread};
    __asm__ volatile("fence" : : : "memory"); // the new hart reads all this
    int64_t error = sbi_hart_start(id, virt_to_phys(boot_entry));
    if (error) {
        kernel_stack_free(stack_top);
        log_warn("hart %lu not started: SBI error %ld", id, error);
        return;
    }
    relaxed_write(online, index + 1);
    for (uint64_t start_ns = clock_ns(); arrived != online; cpu_spin_turn())
        if (clock_ns() - start_ns > START_NS)
            fatal("hart %lu was started and has not come", id);
}

void harts_start(void)
{
    const struct fdt *fdt = &machine.fdt;
    uint64_t id, bytes;
    irq_push_off();
    for (int cpu = -1; sbi_has_harts && (cpu = fdt_next(fdt, cpu, "device_type", "cpu")) >= 0;) {
        const char *status = fdt_string(fdt, cpu, "status");
        bool usable = !status || (status[0] == 'o' && status[1] == 'k'); // "okay", or an old "ok"
        if (!usable || !fdt_reg(fdt, cpu, 0, &id, &bytes) || id == harts[0].id)
            continue;
        if (online == MAX_HARTS)
            log_warn("hart %lu not started: %d is the most", id, MAX_HARTS);
        else
            start_hart(id);
    }
    irq_pop_off();
    released = true;
}
