// SPDX-License-Identifier: MIT
//
// See machine_world.h.

#include "tests/host/machine_world.h"
#include "arch/riscv/private.h"
#include "tests/host/check.h"

#include <setjmp.h>
#include <string.h>

char kernel_start[1], kernel_end[1]; // stand in for the linker's; only their addresses count
static uint8_t *tree_memory;

void *phys_to_virt(paddr_t address)
{
    (void)address;
    return tree_memory;
}

paddr_t virt_to_phys(const void *address)
{
    return address == kernel_end ? 0x80300000 : 0x80200000;
}

static jmp_buf powered_off;
void machine_power_off(unsigned status)
{
    CHECK(status == 100); // fatal(): one line, and no panic
    longjmp(powered_off, 1);
}

void power_init(bool mapped)
{
    CHECK(!mapped);
}

bool machine_world_read(uint8_t *tree)
{
    memset(&machine, 0, sizeof(machine));
    tree_memory = tree;
    if (setjmp(powered_off))
        return false;
    machine_read(TREE_ADDRESS);
    return true;
}

bool reserved(paddr_t address)
{
    for (unsigned i = 0; i < machine.reserved_ranges; i++)
        if (address - machine.reserved[i].start < machine.reserved[i].bytes)
            return true;
    return false;
}

void machine_world_check(void)
{
    CHECK(machine.memory_ranges >= 1 && machine.memory_ranges <= 8 && machine.reserved_ranges <= 32);
    CHECK(reserved(0x80200000) && reserved(TREE_ADDRESS) && machine.timebase_hz > 0);
    for (unsigned i = 0; i < machine.memory_ranges; i++)
        CHECK(machine.memory[i].start % PAGE_SIZE == 0 && machine.memory[i].bytes % PAGE_SIZE == 0);
    for (unsigned i = 1; i < machine.memory_ranges; i++)
        CHECK(machine.memory[i - 1].start + machine.memory[i - 1].bytes < machine.memory[i].start);
    for (unsigned i = 1; i < machine.reserved_ranges; i++)
        CHECK(machine.reserved[i - 1].start + machine.reserved[i - 1].bytes < machine.reserved[i].start);
    CHECK(machine.initrd.bytes == 0 || reserved(machine.initrd.start));
}
