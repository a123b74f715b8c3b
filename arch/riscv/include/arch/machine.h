// SPDX-License-Identifier: MIT
//
// What boot learnt about the machine, and access to device registers. Filled in by arch_boot() from the
// device tree before kernel_main() runs; constant afterwards.
#pragma once

#include "arch/fdt.h"

struct memory_range {
    paddr_t start;
    uint64_t bytes;
};

struct machine {
    struct fdt fdt;
    struct memory_range memory[8]; // RAM, ascending
    unsigned memory_ranges;
    struct memory_range reserved[32]; // firmware, kernel image, device tree, initrd, boot page tables
    unsigned reserved_ranges;
    struct memory_range initrd;       // bytes == 0: none
    char boot_arguments[1024];
    uint64_t timebase_hz;
};
extern struct machine machine;

// Value of "name=value" in the boot arguments, copied to `value`; "name" alone gives "". false: not there.
bool boot_argument(const char *name, char *value, size_t value_bytes);
// A decimal number, `otherwise` when absent or malformed.
uint64_t boot_argument_u64(const char *name, uint64_t otherwise);

// Device registers, mapped read-write, strongly ordered. NULL when out of table space.
volatile void *mmio_map(paddr_t address, size_t bytes);

// Direct map: every byte of RAM has one kernel address.
void *phys_to_virt(paddr_t address);
paddr_t virt_to_phys(const void *address); // of a direct-map or kernel-image address

// Start the harts that boot has not: each enters kernel_main_secondary(). Returns when all are there.
void harts_start(void);
