// SPDX-License-Identifier: MIT
//
// Every driver's first call, in one place.

#ifndef DEV_DEVICES_H
#define DEV_DEVICES_H

// Finds the machine's devices in the device tree and starts their drivers. => frames, slab and interrupts
// are ready, other harts not yet started
void devices_init(void);

#endif
