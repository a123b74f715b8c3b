// SPDX-License-Identifier: MIT
//
// Device interrupts: the platform-level interrupt controller (RISC-V PLIC specification 1.0). All of them
// go to the boot hart: there are few, a handler only queues work or wakes somebody, and with one taker no
// hart wakes up for nothing and no handler runs twice at a time. Handlers are registered during boot or later
// under `lock`; the dispatch reads a slot only after its source was enabled.

#include "arch/irq.h"
#include "arch/machine.h"
#include "arch/riscv/private.h"

#include "lib/log.h"
#include "lib/spinlock.h"
#include "uapi/errno.h"

#define SOURCES         128 // most we have slots for; 0 means "none"
#define PRIORITY        0x0      // 4 bytes per source
#define ENABLE          0x2000   // a bit per source, 0x80 bytes per context
#define ENABLE_STRIDE   0x80
#define CONTEXT         0x200000 // threshold, claim/complete; 0x1000 bytes per context
#define CONTEXT_STRIDE  0x1000
#define CLAIM           4
#define CONTEXTS_MOST   1024
#define SUPERVISOR_EXTERNAL 9 // of a hart's own interrupt controller

static struct {
    void (*handler)(void *);
    void *argument;
} slots[SOURCES];
static struct spinlock lock = SPINLOCK_INIT(RANK_LOG); // slots and the PLIC's enable bits
static volatile uint8_t *plic;
static uint32_t sources, context;

static volatile uint32_t *reg(uint32_t offset)
{
    return (volatile uint32_t *)(plic + offset);
}

// The phandle of the interrupt controller inside the cpu node of hart `id`: the first one behind that node.
static bool hart_phandle(const struct fdt *fdt, uint64_t id, uint32_t *phandle)
{
    uint64_t cpu_id, bytes;
    for (int cpu = -1; (cpu = fdt_next(fdt, cpu, "device_type", "cpu")) >= 0;)
        if (fdt_reg(fdt, cpu, 0, &cpu_id, &bytes) && cpu_id == id)
            return fdt_u32(fdt, fdt_next(fdt, cpu, "compatible", "riscv,cpu-intc"), "phandle", phandle);
    return false;
}

// Context n is what the n-th pair of interrupts-extended, phandle and interrupt, is wired to.
static bool find_context(const struct fdt *fdt, int node)
{
    uint32_t wanted;
    struct fdt_property pairs;
    if (!hart_phandle(fdt, harts[0].id, &wanted) || !fdt_property(fdt, node, "interrupts-extended", &pairs))
        return false;
    for (context = 0; context < pairs.bytes / 8 && context < CONTEXTS_MOST; context++)
        if (fdt_cells(&pairs, 2 * context, 1) == wanted &&
            fdt_cells(&pairs, 2 * context + 1, 1) == SUPERVISOR_EXTERNAL)
            return true;
    return false;
}

void plic_init(void)
{
    const struct fdt *fdt = &machine.fdt;
    uint64_t address, bytes;
    int node = fdt_next(fdt, -1, "compatible", "riscv,plic0");
    if (node < 0)
        node = fdt_next(fdt, -1, "compatible", "sifive,plic-1.0.0");
    if (node < 0 || !fdt_u32(fdt, node, "riscv,ndev", &sources) || !fdt_reg(fdt, node, 0, &address, &bytes) ||
        !find_context(fdt, node) || address % PAGE_SIZE != 0 ||
        bytes < CONTEXT + (uint64_t)(context + 1) * CONTEXT_STRIDE ||
        !(plic = (volatile uint8_t *)mmio_map(address, bytes))) {
        log_warn("no usable PLIC in the device tree: no device interrupts");
        plic = NULL;
        return;
    }
    sources = sources < SOURCES ? sources : SOURCES - 1;
    for (uint32_t i = 0; i <= sources / 32; i++)
        *reg(ENABLE + context * ENABLE_STRIDE + 4 * i) = 0;
    *reg(CONTEXT + context * CONTEXT_STRIDE) = 0; // threshold: every priority above 0
}

int irq_register(uint32_t number, void (*handler)(void *), void *argument)
{
    if (!plic || number == 0 || number > sources)
        return -EINVAL;
    spin_lock(&lock);
    bool taken = slots[number].handler;
    if (!taken) {
        slots[number].handler = handler;
        slots[number].argument = argument;
        *reg(PRIORITY + 4 * number) = 1;
        __asm__ volatile("fence" : : : "memory"); // the slot before the bit
        *reg(ENABLE + context * ENABLE_STRIDE + 4 * (number / 32)) |= (uint32_t)1 << (number % 32);
    }
    spin_unlock(&lock);
    return taken ? -EBUSY : 0;
}

void irq_dispatch(void)
{
    volatile uint32_t *claim = reg(CONTEXT + context * CONTEXT_STRIDE + CLAIM);
    for (uint32_t number; (number = *claim) != 0; *claim = number)
        if (number <= sources && slots[number].handler)
            slots[number].handler(slots[number].argument);
}
