// SPDX-License-Identifier: MIT
//
// Goldfish RTC (QEMU docs/specs: "google,goldfish-rtc"): 64 bits of nanoseconds since 1970 in two registers;
// reading the low half latches the high one. Called once by devices_init().

#include "dev/rtc.h"
#include "arch/machine.h"
#include "lib/clock.h"
#include "lib/log.h"

#define RTC_TIME_LOW  0
#define RTC_TIME_HIGH 1 // in 32-bit words

uint64_t clock_realtime_offset_ns;

void rtc_init(void)
{
    uint64_t address, bytes;
    int node = fdt_next_compatible(&machine.fdt, -1, "google,goldfish-rtc");
    if (node < 0 || !fdt_reg(&machine.fdt, node, 0, &address, &bytes) || bytes < 8)
        return;
    volatile uint32_t *registers = mmio_map(address, bytes);
    if (!registers) {
        log_warn("rtc: cannot be mapped");
        return;
    }
    uint64_t low = registers[RTC_TIME_LOW], high = registers[RTC_TIME_HIGH];
    clock_realtime_offset_ns = (high << 32 | low) - clock_ns();
}
