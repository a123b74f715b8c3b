// SPDX-License-Identifier: MIT
//
// The way in and out of the kernel (privileged spec 4.1: stvec, sscratch, sepc, scause, stval) and the
// switch between threads. One page table serves user and kernel, so satp is not touched here.
//
//   sscratch = the thread while the hart runs in user mode, 0 while in the kernel
//   tp       = the thread while in the kernel
//
// From user mode the frame (struct trap_frame) goes to the top of the thread's kernel stack; from the kernel,
// below whatever is there. Before that the stack pointer is checked: a kernel stack is the upper half of an
// aligned 32 KiB slot, so the frame's address has bit 14 set, or the stack has run into its guard.

#include "arch/riscv/csr.h"

    .macro registers op // sd or ld, all but sp and tp
    .irp n, 1,3,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op x\n, \n*8(sp)
    .endr
    .endm

    .macro save_csrs // and make the kernel's sstatus: no access to user memory, no FPU
    li t1, SSTATUS_SUM | SSTATUS_FS
    csrr t0, sepc
    csrrc t1, sstatus, t1
    csrr t2, scause
    csrr t3, stval
    sd t0, 32*8(sp)
    sd t1, 33*8(sp)
    sd t2, 34*8(sp)
    sd t3, 35*8(sp)
    .endm

    .macro restore_registers // sp and tp are the caller's business
    ld t0, 32*8(sp)
    ld t1, 33*8(sp)
    csrw sepc, t0
    csrw sstatus, t1
    sc.d zero, zero, (sp) // x[0]: drop an lr reservation of what we interrupted (unprivileged spec 8.2)
    registers ld
    .endm

    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw tp, sscratch, tp
    beqz tp, from_kernel
    sd sp, 16(tp)
    ld sp, 8(tp)
    addi sp, sp, -TRAP_FRAME_BYTES
    registers sd
    ld t0, 16(tp)
    csrrw t1, sscratch, zero
    sd t0, 2*8(sp)
    sd t1, 4*8(sp)
    save_csrs
    mv a0, sp
    li s0, 0 // backtraces end here
    call trap_from_user

    // => interrupts off, sp = the thread's user frame
    .globl return_to_user
return_to_user:
    csrw sscratch, tp
    ld tp, 4*8(sp)
    restore_registers
    ld sp, 2*8(sp)
    sret

from_kernel:
    csrrw tp, sscratch, sp // keeps sp for a moment
    addi sp, sp, -(TRAP_FRAME_BYTES + 16)
    sd t0, 16(tp)
    srli t0, sp, 14
    andi t0, t0, 1
    bnez t0, 1f
    ld t0, (tp) // in the guard: use the emergency stack of this hart
    lw t0, (t0) // its index
    addi t0, t0, 1
    slli t0, t0, 12
    la sp, emergency_stacks - (TRAP_FRAME_BYTES + 16)
    add sp, sp, t0
1:  ld t0, 16(tp)
    registers sd
    csrrw t0, sscratch, zero
    sd t0, 2*8(sp)
    sd tp, 4*8(sp)
    addi s1, t0, -(TRAP_FRAME_BYTES + 16)
    save_csrs
    // A frame record above the trap frame, so that a backtrace passes through the interrupted pc.
    ld t0, 32*8(sp)
    sd s0, TRAP_FRAME_BYTES(sp)
    sd t0, TRAP_FRAME_BYTES + 8(sp)
    addi s0, sp, TRAP_FRAME_BYTES + 16
    mv a0, sp
    bne s1, sp, 2f
    call trap_from_kernel
    restore_registers // tp is ours still: the kernel is not preempted
    addi sp, sp, TRAP_FRAME_BYTES + 16
    sret
2:  call kernel_stack_overflow

// void switch_context(uint64_t from[14], uint64_t to[14], struct arch_thread *thread): callee-saved registers
// only; the rest is dead across a call.
    .macro callee_saved op, context
    \op ra, 0*8(\context)
    \op sp, 1*8(\context)
    .irp n, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    \op s\n, \n*8(\context)
    .endr
    \op s0, 12*8(\context)
    \op s1, 13*8(\context)
    .endm

    .globl switch_context
switch_context:
    callee_saved sd, a0
    callee_saved ld, a1
    mv tp, a2
    ret

// First instructions of a new thread: s1 = entry, s2 = argument (arch_thread_init).
    .globl thread_start
thread_start:
    mv a0, s2
    li s0, 0
    jalr s1
    call thread_returned

// User FPU registers (struct fpu_state). => sstatus.FS is not off
    .macro fpu_registers op
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op f\n, \n*8(a0)
    .endr
    .endm

    .globl fpu_save
fpu_save:
    fpu_registers fsd
    frcsr t0
    sw t0, 256(a0)
    ret

    .globl fpu_restore
fpu_restore:
    fpu_registers fld
    lw t0, 256(a0)
    fscsr t0
    ret
