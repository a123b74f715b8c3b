// SPDX-License-Identifier: MIT
//
// Memory that an instrument takes for itself before the frame allocator begins.
#pragma once

#include "arch/types.h"

// The first place of so many bytes, aligned to 2 MiB, that nobody has spoken for: reserved now, and not
// zeroed. Stops with one line when there is none. => after the device tree was read, before frame_init()
paddr_t set_aside(uint64_t bytes);
