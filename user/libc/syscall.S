// SPDX-License-Identifier: MIT
// How a system call happens: this file is all of it on the user's side.
//
//   1. The number goes into a7; up to six arguments are in a0-a5, where the C calling convention has already
//      put them when read(fd, buffer, count) was called.
//   2. ecall traps into the kernel. It saves every register, looks a7 up in its table, does the work, puts
//      the result into a0 and returns behind the ecall. All other registers are as before.
//   3. A result from -4095 to -1 is an error number, negated: it goes into errno and the call returns -1.
//
// A call whose C arguments are exactly the kernel's needs nothing more than the line in the list below; the
// others are wrapped in unistd.c. syscall(number, ...) makes any call.
#include "uapi/syscall.h"

    .macro system_call name, number
    .section .text.\name, "ax", @progbits
    .globl \name
    .type \name, @function
\name:
    li a7, \number
    ecall
    li t0, -4095
    bgeu a0, t0, 1f
    ret
1:  tail syscall_failed
    .size \name, . - \name
    .endm

    .section .text.syscall, "ax", @progbits
    .globl syscall
    .type syscall, @function
syscall:                        // long syscall(long number, ...): move all down by one register
    mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    mv a5, a6
    ecall
    li t0, -4095
    bgeu a0, t0, syscall_failed
    ret

    // int clone(int (*body)(void *), void *stack, int flags, void *argument, int *parent_tid, void *tls,
    // int *child_tid): the new thread calls body(argument) on its stack and ends with what that returns.
    .section .text.clone, "ax", @progbits
    .globl clone
    .type clone, @function
clone:
    addi a1, a1, -16
    sd a0, 0(a1)
    sd a3, 8(a1)
    mv a0, a2
    mv a2, a4
    mv a3, a5
    mv a4, a6
    li a7, SYS_clone
    ecall
    bltz a0, syscall_failed
    beqz a0, 1f
    ret
1:  ld t0, 0(sp)
    ld a0, 8(sp)
    addi sp, sp, 16
    li s0, 0
    jalr t0
    li a7, SYS_exit
    ecall
    .size clone, . - clone

    .section .text.syscall, "ax", @progbits
syscall_failed:
    neg a0, a0
    la t0, errno
    sw a0, 0(t0)
    li a0, -1
    ret
    .size syscall, . - syscall

    system_call _exit, SYS_exit_group
    system_call chdir, SYS_chdir
    system_call clock_gettime, SYS_clock_gettime
    system_call close, SYS_close
    system_call dup, SYS_dup
    system_call dup3, SYS_dup3
    system_call execve, SYS_execve
    system_call fchdir, SYS_fchdir
    system_call fcntl, SYS_fcntl
    system_call fstat, SYS_fstat
    system_call getrusage, SYS_getrusage
    system_call fsync, SYS_fsync
    system_call ftruncate, SYS_ftruncate
    system_call getdents64, SYS_getdents64
    system_call getpgid, SYS_getpgid
    system_call getpid, SYS_getpid
    system_call getppid, SYS_getppid
    system_call getuid, SYS_getuid
    system_call ioctl, SYS_ioctl
    system_call kill, SYS_kill
    system_call linkat, SYS_linkat
    system_call lseek, SYS_lseek
    system_call madvise, SYS_madvise
    system_call memfd_create, SYS_memfd_create
    system_call mincore, SYS_mincore
    system_call mkdirat, SYS_mkdirat
    system_call mmap, SYS_mmap
    system_call mprotect, SYS_mprotect
    system_call mremap, SYS_mremap
    system_call msync, SYS_msync
    system_call munmap, SYS_munmap
    system_call nanosleep, SYS_nanosleep
    system_call pipe2, SYS_pipe2
    system_call pread, SYS_pread64
    system_call pwrite, SYS_pwrite64
    system_call read, SYS_read
    system_call sched_yield, SYS_sched_yield
    system_call setpgid, SYS_setpgid
    system_call setsid, SYS_setsid
    system_call sync, SYS_sync
    system_call sysinfo, SYS_sysinfo
    system_call umask, SYS_umask
    system_call uname, SYS_uname
    system_call unlinkat, SYS_unlinkat
    system_call utimensat, SYS_utimensat
    system_call wait4, SYS_wait4
    system_call write, SYS_write
    system_call writev, SYS_writev
