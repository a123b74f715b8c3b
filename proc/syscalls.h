// SPDX-License-Identifier: MIT
//
// System calls of proc/, as trap/syscall_table.h lists them: raw registers in, a value or -errno out, as the
// Linux manual page of the call says.

#ifndef PROC_SYSCALLS_H
#define PROC_SYSCALLS_H

#include <stdint.h>

// fork.c, exec.c, exit.c
int64_t sys_clone(uint64_t flags, uint64_t stack, uint64_t parent_tid, uint64_t tls, uint64_t child_tid);
int64_t sys_execve(uint64_t path, uint64_t argv, uint64_t envp);
int64_t sys_exit(uint64_t status);
int64_t sys_exit_group(uint64_t status);
int64_t sys_getrusage(uint64_t who, uint64_t address);
int64_t sys_wait4(uint64_t pid, uint64_t status, uint64_t options, uint64_t usage);
// signal.c
int64_t sys_kill(uint64_t pid, uint64_t number);
int64_t sys_tkill(uint64_t thread, uint64_t number);
int64_t sys_tgkill(uint64_t process, uint64_t thread, uint64_t number);
int64_t sys_rt_sigaction(uint64_t number, uint64_t action, uint64_t old_action, uint64_t set_bytes);
int64_t sys_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old_set, uint64_t set_bytes);
// memory.c
int64_t sys_brk(uint64_t address);
int64_t sys_mmap(uint64_t address, uint64_t bytes, uint64_t prot, uint64_t flags, uint64_t fd, uint64_t offset);
int64_t sys_munmap(uint64_t address, uint64_t bytes);
int64_t sys_mremap(uint64_t address, uint64_t old_bytes, uint64_t new_bytes, uint64_t flags, uint64_t to);
int64_t sys_msync(uint64_t address, uint64_t bytes, uint64_t flags);
int64_t sys_mincore(uint64_t address, uint64_t bytes, uint64_t vector);
int64_t sys_madvise(uint64_t address, uint64_t bytes, uint64_t advice);
int64_t sys_mprotect(uint64_t address, uint64_t bytes, uint64_t prot);
int64_t sys_riscv_flush_icache(uint64_t start, uint64_t end, uint64_t flags);
// futex.c
int64_t sys_futex(uint64_t address, uint64_t operation, uint64_t value, uint64_t timeout, uint64_t address2,
                  uint64_t value3);
int64_t sys_set_robust_list(uint64_t head, uint64_t bytes);
int64_t sys_get_robust_list(uint64_t tid, uint64_t head, uint64_t bytes);
// time.c
int read_time(uint64_t address, uint64_t *ns); // a user's struct timespec. => returns 0, -EFAULT or -EINVAL
int64_t sys_nanosleep(uint64_t request, uint64_t remaining);
int64_t sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t remaining);
int64_t sys_clock_gettime(uint64_t clock, uint64_t time);
int64_t sys_gettimeofday(uint64_t time, uint64_t zone);
// identity.c
int64_t sys_getpid(void);
int64_t sys_getppid(void);
int64_t sys_gettid(void);
int64_t sys_getuid(void);
int64_t sys_geteuid(void);
int64_t sys_getgid(void);
int64_t sys_getegid(void);
int64_t sys_getpgid(uint64_t pid);
int64_t sys_setpgid(uint64_t pid, uint64_t group);
int64_t sys_setsid(void);
int64_t sys_set_tid_address(uint64_t address);
int64_t sys_sched_yield(void);
// system.c
int64_t sys_uname(uint64_t name);
int64_t sys_sysinfo(uint64_t info);
int64_t sys_prlimit64(uint64_t pid, uint64_t resource, uint64_t new_limit, uint64_t old_limit);
int64_t sys_getrandom(uint64_t buffer, uint64_t bytes, uint64_t flags);
int64_t sys_reboot(uint64_t magic1, uint64_t magic2, uint64_t command, uint64_t argument);

#endif
