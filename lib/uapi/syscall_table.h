// SPDX-License-Identifier: MIT
//
// The system calls that Kine has of Linux/riscv64: SYSCALL(name, number, arguments). Every other number
// answers -ENOSYS. Whoever includes this defines SYSCALL, and ALL_SYSCALLS to see also those of parts that
// are left out: uapi/syscall.h makes numbers of it, lib/syscalls.h prototypes, trap/syscall.c the table.

// Files (fs/)
SYSCALL(openat, 56, 4)
SYSCALL(close, 57, 1)
SYSCALL(read, 63, 3)
SYSCALL(write, 64, 3)
SYSCALL(readv, 65, 3)
SYSCALL(writev, 66, 3)
SYSCALL(pread64, 67, 4)
SYSCALL(pwrite64, 68, 4)
SYSCALL(lseek, 62, 3)
SYSCALL(dup, 23, 1)
SYSCALL(dup3, 24, 3)
SYSCALL(fcntl, 25, 3)
SYSCALL(ioctl, 29, 3)
SYSCALL(pipe2, 59, 2)
SYSCALL(fstat, 80, 2)
SYSCALL(newfstatat, 79, 4)
SYSCALL(readlinkat, 78, 4)
SYSCALL(getdents64, 61, 3)
SYSCALL(getcwd, 17, 2)
SYSCALL(chdir, 49, 1)
SYSCALL(fchdir, 50, 1)
SYSCALL(mkdirat, 34, 3)
SYSCALL(mknodat, 33, 4)
SYSCALL(unlinkat, 35, 3)
SYSCALL(linkat, 37, 5)
SYSCALL(symlinkat, 36, 3)
SYSCALL(ftruncate, 46, 2)
SYSCALL(truncate, 45, 2)
SYSCALL(faccessat, 48, 3)
SYSCALL(umask, 166, 1)
SYSCALL(sync, 81, 0)
SYSCALL(fsync, 82, 1)
#if KINE_OPTION_MEMORY_FILES || ALL_SYSCALLS
SYSCALL(memfd_create, 279, 2)
#endif
#if KINE_OPTION_POLL || ALL_SYSCALLS
SYSCALL(ppoll, 73, 5)
#endif
#if KINE_OPTION_RARE_CALLS || ALL_SYSCALLS
SYSCALL(statfs, 43, 2)
SYSCALL(fchmod, 52, 2)
SYSCALL(fchmodat, 53, 3)
SYSCALL(fchownat, 54, 5)
SYSCALL(utimensat, 88, 4)
#endif
#if KINE_OPTION_RENAME || ALL_SYSCALLS
SYSCALL(renameat2, 276, 5)
#endif
#if KINE_OPTION_SWAP || ALL_SYSCALLS
SYSCALL(swapon, 224, 2)
#endif

// Processes (proc/)
SYSCALL(clone, 220, 5)
SYSCALL(execve, 221, 3)
SYSCALL(exit, 93, 1)
SYSCALL(exit_group, 94, 1)
SYSCALL(wait4, 260, 4)
SYSCALL(kill, 129, 2)
SYSCALL(tkill, 130, 2)
SYSCALL(tgkill, 131, 3)
SYSCALL(rt_sigaction, 134, 4)
SYSCALL(rt_sigprocmask, 135, 4)
SYSCALL(getpid, 172, 0)
SYSCALL(getppid, 173, 0)
SYSCALL(gettid, 178, 0)
SYSCALL(getuid, 174, 0)
SYSCALL(geteuid, 175, 0)
SYSCALL(getgid, 176, 0)
SYSCALL(getegid, 177, 0)
SYSCALL(getpgid, 155, 1)
SYSCALL(setpgid, 154, 2)
SYSCALL(setsid, 157, 0)
SYSCALL(set_tid_address, 96, 1)
SYSCALL(sched_yield, 124, 0)
#if KINE_OPTION_FUTEX || ALL_SYSCALLS
SYSCALL(futex, 98, 6)
SYSCALL(set_robust_list, 99, 2)
SYSCALL(get_robust_list, 100, 3)
#endif

// Memory, time, the machine (proc/)
SYSCALL(brk, 214, 1)
SYSCALL(mmap, 222, 6)
SYSCALL(munmap, 215, 2)
#if KINE_OPTION_MREMAP || ALL_SYSCALLS
SYSCALL(mremap, 216, 5)
#endif
SYSCALL(mprotect, 226, 3)
SYSCALL(msync, 227, 3)
SYSCALL(mincore, 232, 3)
SYSCALL(madvise, 233, 3)
SYSCALL(riscv_flush_icache, 259, 3)
SYSCALL(nanosleep, 101, 2)
SYSCALL(clock_nanosleep, 115, 4)
SYSCALL(clock_gettime, 113, 2)
SYSCALL(gettimeofday, 169, 2)
SYSCALL(uname, 160, 1)
SYSCALL(sysinfo, 179, 1)
SYSCALL(getrusage, 165, 2)
SYSCALL(prlimit64, 261, 4)
SYSCALL(getrandom, 278, 3)
SYSCALL(reboot, 142, 4)
