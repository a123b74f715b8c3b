// SPDX-License-Identifier: MIT
//
// The devices of the machine and their drivers. A driver is a file that says what it is compatible with, and
// is in the table of devices.c; it is shown every device of the tree that fits.
#pragma once

#include "arch/types.h"

struct device {
    int node; // in machine.fdt
    paddr_t address;
    uint64_t bytes;               // of registers
    volatile uint32_t *registers; // mapped
    uint32_t interrupt;           // 0: none
};

struct driver {
    const char *compatible;
    uint64_t bytes_least; // of registers
    void (*attach)(const struct device *device); // on the boot hart; the device structure is the caller's
};
extern const struct driver ns16550_driver, rtc_driver, virtio_driver;

// => frames, slab and interrupts are ready, other harts not yet started
void devices_init(void);
