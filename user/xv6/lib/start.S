// SPDX-License-Identifier: MIT
// Where a program begins. The kernel's stack is Linux': large, growing, at the top of the user half. xv6's is
// USERSTACK pages between the program and its heap, with a page below that nobody may touch. So the arguments
// move there, and the page below and all of the other stack are unmapped before main is called.
#include "kernel/param.h"
#include "kernel/riscv.h"
#include "uapi/syscall.h"

#define STACKS_END  ((1 << 38) - PGSIZE) // where the kernel's stack ends, and how large it is at most
#define STACKS_MOST (16 << 20)

    .section .text._start, "ax", @progbits
    .globl _start
_start:
    mv a0, sp
    call kine_begin // => a0: the new sp; argc is there, then argv
    mv s1, a0
    mv sp, s1
    li a0, STACKS_END - STACKS_MOST
    li a1, STACKS_MOST
    call unmap
    la a0, kine_stack_bottom
    li a1, PGSIZE
    sub a0, a0, a1
    call unmap
    li s0, 0                 // end of the chain of frame pointers
    ld a0, 0(s1)
    addi a1, s1, 8
    call main
    call exit
unmap:
    li a7, SYS_munmap
    ecall
    ret

    // Memory for the stack, where program.ld wants it.
    .section .stack, "aw", @nobits
    .balign PGSIZE
    .skip PGSIZE
    .globl kine_stack_bottom, kine_stack_top
kine_stack_bottom:
    .skip USERSTACK * PGSIZE
kine_stack_top:
