// SPDX-License-Identifier: MIT
//
// The machine as a whole: random numbers, power. See proc/system.c.
#pragma once

#include <stddef.h>

void system_init(void);
void system_random(void *buffer, size_t bytes); // differs, is no secret
