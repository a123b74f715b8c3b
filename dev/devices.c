// SPDX-License-Identifier: MIT
//
// Finds the machine's devices in the device tree and shows them to their drivers. Called by kernel_main().

#include "dev/devices.h"
#include "arch/machine.h"
#include "dev/block.h"
#include "dev/character.h"
#include "lib/clock.h"
#include "lib/log.h"

uint64_t clock_realtime_offset_ns; // without a clock the date is 1970

// In this order: who comes first can be heard when the next ones complain.
static const struct driver *const drivers[] = {
    &ns16550_driver,
#if KINE_OPTION_RTC
    &rtc_driver,
#endif
    &virtio_driver,
};

static void attach(const struct driver *driver, int node)
{
    struct device device = {.node = node};
    if (!fdt_reg(&machine.fdt, node, 0, &device.address, &device.bytes) || device.bytes < driver->bytes_least)
        return;
    device.registers = mmio_map(device.address, device.bytes);
    fdt_u32(&machine.fdt, node, "interrupts", &device.interrupt);
    if (device.registers)
        driver->attach(&device);
    else
        log_warn("%s at %#lx cannot be mapped", driver->compatible, device.address);
}

void devices_init(void)
{
    for (unsigned i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
        for (int node = -1; (node = fdt_next(&machine.fdt, node, "compatible", drivers[i]->compatible)) >= 0;)
            attach(drivers[i], node);
    if (!console_device)
        log_warn("no ns16550a console in the device tree: output by the firmware, no input");
    ramdisk_init();
}
