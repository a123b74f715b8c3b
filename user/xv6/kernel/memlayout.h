// SPDX-License-Identifier: MIT
// Where things lie, as far as a program can tell: nothing of a user's is at KERNBASE or above, but what sbrk
// was asked for and up to TRAPFRAME gives. RAM begins at KERNBASE on QEMU's virt; the size is that of `./kine
// run --mem 128M`.
#pragma once

#include "kernel/riscv.h"

#define KERNBASE 0x80000000L
#define PHYSTOP  (KERNBASE + 128 * 1024 * 1024)

#define TRAMPOLINE (MAXVA - PGSIZE) // never mapped, as in xv6
#define TRAPFRAME  (TRAMPOLINE - PGSIZE)
