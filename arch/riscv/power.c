// SPDX-License-Identifier: MIT
//
// The end of the machine: QEMU's test finisher, which takes an exit status with it, else SBI. The finisher is
// a register of the device tree's "sifive,test0"; it is written from panics, so it is found early in boot.

#include "arch/machine.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"

enum { FINISHER_PASS = 0x5555, FINISHER_FAIL = 0x3333 };

static volatile uint32_t *finisher;

// The first call, before there is a page table for devices, uses the early direct map; the second maps it.
void power_init(bool mapped)
{
    uint64_t address, bytes;
    int node = fdt_next(&machine.fdt, -1, "compatible", "sifive,test0");
    if (fdt_reg(&machine.fdt, node, 0, &address, &bytes) && bytes >= 4 && address % 4 == 0 &&
        address >> 30 < DIRECT_MAP_ROOTS)
        finisher = mapped ? mmio_map(address, 4) : phys_to_virt(address);
}

_Noreturn void machine_power_off(unsigned status)
{
    irq_disable();
    if (finisher)
        *finisher = status == 0 ? FINISHER_PASS : (status < 255 ? status : 255) << 16 | FINISHER_FAIL;
    sbi_shutdown(status != 0);
    for (;;)
        cpu_wait_for_interrupt();
}
