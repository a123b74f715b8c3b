// SPDX-License-Identifier: MIT
//
// What machine_read() finds below itself while a machine boots: memory with a device tree in it, a kernel
// image at 2 MiB, and a way out when the tree will not do.

#ifndef TESTS_HOST_MACHINE_WORLD_H
#define TESTS_HOST_MACHINE_WORLD_H

#include "arch/machine.h"

#define TREE_ADDRESS 0x87e00000

bool machine_world_read(uint8_t *tree); // => false: boot stopped with a line
bool reserved(paddr_t address);         // is it in one of the machine's reserved ranges?
void machine_world_check(void);         // what must hold when boot has not stopped, whatever the tree said

#endif
