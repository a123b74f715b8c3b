// SPDX-License-Identifier: MIT
//
// Swap, seen from boot: an optional part.
#pragma once

#if KINE_OPTION_SWAP
void swap_init(void); // /proc/swaps, and the device that the boot argument swap= names
#else
static inline void swap_init(void) {}
#endif
