// SPDX-License-Identifier: MIT
//
// UARTs of the 16550 family: the machine's console. See dev/character.h for how it is used.

#ifndef DEV_NS16550_H
#define DEV_NS16550_H

// Takes over as the sink of the log from the firmware, and sets console_device. Does nothing, with a line in
// the log, when the device tree names no such console. => boot hart, others not yet started
void ns16550_init(void);

#endif
