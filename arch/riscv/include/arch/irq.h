// SPDX-License-Identifier: MIT
//
// Device interrupts through the PLIC. A handler runs with interrupts off, takes only spin locks.
#pragma once

#include <stdint.h>

// => returns 0, or -EINVAL for a number the PLIC does not have, -EBUSY when taken
int irq_register(uint32_t number, void (*handler)(void *), void *argument);
void irq_dispatch(void); // called by trap/ on an external interrupt: claim, run handlers, complete
