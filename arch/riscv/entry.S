// SPDX-License-Identifier: MIT
//
// First instructions of a hart. OpenSBI enters with translation off, interrupts off, a0 = hart id and, on the
// boot hart, a1 = device tree. The code is linked high and runs low until satp is written: the next fetch, at
// the physical pc, faults, and stvec already names the high address.
//
// There is one entry for all harts; who comes first is the boot hart. OpenSBI 1.1 marks a hart as to be
// started before it stores where: one that looks in between starts where the boot hart did, with its a1. So
// the address we ask for is that same one, and what the hart needs is in memory (starting_thread).

#include "arch/riscv/csr.h"

#define EARLY_LEAF    0xe7 // dirty, accessed, global, write, read, valid (pte.h)
#define EARLY_EXECUTE 0x08

    .macro go_high satp
    la t2, 9f
    ld t1, image_offset_word
    add t2, t2, t1
    csrw stvec, t2
    sfence.vma
    csrw satp, \satp // faults, and goes on at 9 in the upper half
    .balign 4
9:  la t0, trap_entry
    csrw stvec, t0
    .endm

    .section .text.boot, "ax"
    .globl boot_entry
boot_entry:
    csrw sie, zero
    csrw sscratch, zero
    la t0, boot_hart_came
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez t1, another_hart
    la t0, bss_start
    la t1, bss_end
1:  sd zero, (t0)
    addi t0, t0, 8
    bltu t0, t1, 1b
    la t0, early_root
    srli t0, t0, 12
    li t1, 8 << 60 // sv39
    or t0, t0, t1
    go_high t0
    la tp, boot_threads
    la sp, boot_stack_top - TRAP_FRAME_BYTES
    li s0, 0
    call arch_boot

another_hart:
    la t0, kernel_satp
    ld t0, (t0)
    go_high t0
    la tp, starting_thread
    ld tp, (tp)
    ld sp, 8(tp) // kernel_sp
    addi sp, sp, -TRAP_FRAME_BYTES
    li s0, 0
    call hart_enter

    .balign 8
image_offset_word:
    .dword KERNEL_IMAGE_BASE - KERNEL_IMAGE_GIB

// The page table of the first milliseconds, until kernel_map.c has made the real one: all of physical memory
// at the direct map, and the GiB of the image at its place.
    .section .data
boot_hart_came:
    .word 0
    .balign 4096
early_root:
    .zero 256 * 8
    .set gib, 0
    .rept DIRECT_MAP_ROOTS
    .dword (gib << 28) | EARLY_LEAF
    .set gib, gib + 1
    .endr
    .zero (510 - 256 - DIRECT_MAP_ROOTS) * 8
    .dword (KERNEL_IMAGE_GIB >> 2) | EARLY_LEAF | EARLY_EXECUTE
    .zero 8
