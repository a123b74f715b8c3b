// SPDX-License-Identifier: MIT
// Where a program begins. The kernel enters _start with sp at argc; above it lie the argv pointers, NULL, the
// envp pointers, NULL, the auxiliary vector (System V ABI). No register but sp means anything yet.
    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    ld a0, 0(sp)            // argc
    addi a1, sp, 8          // argv
    slli a2, a0, 3
    add a2, a2, a1
    addi a2, a2, 8          // envp begins after argv's NULL
    la t0, environ
    sd a2, 0(t0)
    ld t1, 0(a1)            // argv[0], NULL if there is none
    la t0, program_path
    sd t1, 0(t0)
    andi sp, sp, -16        // the ABI's stack alignment
    li s0, 0                // end of the chain of frame pointers
    call main
    call exit
    .size _start, . - _start
