// SPDX-License-Identifier: MIT
//
// Goldfish RTC (QEMU docs/specs: "google,goldfish-rtc"): 64 bits of nanoseconds since 1970 in two registers;
// reading the low half latches the high one. Read once, at boot (lib/clock.h).

#include "dev/devices.h"
#include "lib/clock.h"

enum { TIME_LOW = 0, TIME_HIGH = 1, REGISTERS_BYTES = 8 };

static void attach(const struct device *device)
{
    uint64_t low = device->registers[TIME_LOW], high = device->registers[TIME_HIGH];
    clock_realtime_offset_ns = (high << 32 | low) - clock_ns();
}

const struct driver rtc_driver = {"google,goldfish-rtc", REGISTERS_BYTES, attach};
