// SPDX-License-Identifier: MIT
//
// Ordering between memory and device registers. The fences of C's atomics order memory with memory only;
// device registers are the I/O domain (unprivileged spec, FENCE: the i and o bits).
#pragma once

static inline void io_fence(void)
{
    __asm__ volatile("fence iorw, iorw" ::: "memory");
}
