// SPDX-License-Identifier: MIT
//
// On the host a device is a piece of the test in the same thread: the compiler's order is enough.

#ifndef ARCH_IO_H
#define ARCH_IO_H

static inline void io_fence(void)
{
    __asm__ volatile("" ::: "memory");
}

#endif
