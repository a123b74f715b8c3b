// SPDX-License-Identifier: MIT
//
// Control and status registers and the bits of them that Kine uses (privileged spec chapter 4), and the
// layout of the kernel half. For arch/riscv alone, C and assembly.
#pragma once

#define SSTATUS_SIE        (1 << 1)
#define SSTATUS_SPIE       (1 << 5)
#define SSTATUS_SPP        (1 << 8)
#define SSTATUS_FS         (3 << 13) // user FPU: off, initial, clean, dirty
#define SSTATUS_FS_INITIAL (1 << 13)
#define SSTATUS_FS_CLEAN   (2 << 13)
#define SSTATUS_FS_DIRTY   (3 << 13)
#define SSTATUS_SUM        (1 << 18)
#define SIE_SOFTWARE       (1 << 1)
#define SIE_TIMER          (1 << 5)
#define SIE_EXTERNAL       (1 << 9)
#define CSR_STIMECMP       0x14d // by number: clang 14 does not know the name

// Where things are in the kernel half (docs/MAP.md): root entries of 1 GiB each.
#define DIRECT_MAP_BASE   0xffffffc000000000
#define DIRECT_MAP_ROOTS  192
#define MMIO_BASE         0xffffffff00000000
#define KERNEL_STACK_BASE 0xffffffff40000000
#define KERNEL_IMAGE_BASE 0xffffffff80000000 // of the GiB; the image starts where kernel.ld says
#define KERNEL_IMAGE_GIB  0x80000000         // the physical GiB that holds the image

#define TRAP_FRAME_BYTES 288 // sizeof(struct trap_frame)

#ifndef __ASSEMBLER__
#include <stdint.h>
#define csr_text(csr) #csr // a name of csr.h is first the number it stands for
#define csr_read(csr)                                                               \
    ({                                                                              \
        uint64_t value_;                                                            \
        __asm__ volatile("csrr %0, " csr_text(csr) : "=r"(value_) : : "memory");   \
        value_;                                                                     \
    })
#define csr_with(instruction, csr, value) \
    __asm__ volatile(instruction " " #csr ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_write(csr, value) csr_with("csrw", csr, value)
#define csr_set(csr, bits)    csr_with("csrs", csr, bits)
#define csr_clear(csr, bits)  csr_with("csrc", csr, bits)
#endif
