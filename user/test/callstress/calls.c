// SPDX-License-Identifier: MIT
// Of which kind the arguments of each call are. The list of calls is the kernel's own: one that has no line
// here is a compile error, as is a line with another number of arguments.
#include "callstress.h"

// clang-format off
#define KINDS_openat             {DIRFD, PATH, OPEN_FLAGS, MODE}
#define KINDS_close              {FD}
#define KINDS_read               {FD, OUT, BYTES}
#define KINDS_write              {FD, IN, BYTES}
#define KINDS_readv              {FD, IOVEC, IOVEC_COUNT}
#define KINDS_writev             {FD, IOVEC, IOVEC_COUNT}
#define KINDS_pread64            {FILE_FD, OUT, BYTES, OFFSET}
#define KINDS_pwrite64           {FILE_FD, IN, BYTES, OFFSET}
#define KINDS_lseek              {FILE_FD, OFFSET, WHENCE}
#define KINDS_dup                {FD}
#define KINDS_dup3               {FD, FD, PIPE_FLAGS}
#define KINDS_fcntl              {FD, COMMAND, FCNTL_ARGUMENT}
#define KINDS_ioctl              {FD, IOCTL, IOCTL_ARGUMENT}
#define KINDS_pipe2              {OUT, PIPE_FLAGS}
#define KINDS_fstat              {FD, OUT}
#define KINDS_newfstatat         {DIRFD, SEE_PATH, OUT, LINK_FLAGS}
#define KINDS_readlinkat         {DIRFD, SEE_PATH, OUT, BYTES}
#define KINDS_getdents64         {DIRECTORY, OUT, BYTES}
#define KINDS_getcwd             {OUT, BYTES}
#define KINDS_chdir              {PATH}
#define KINDS_fchdir             {DIRECTORY}
#define KINDS_mkdirat            {DIRFD, PATH, MODE}
#define KINDS_mknodat            {DIRFD, PATH, MODE, DEVICE}
#define KINDS_unlinkat           {DIRFD, PATH, LINK_FLAGS}
#define KINDS_linkat             {DIRFD, PATH, DIRFD, PATH, LINK_FLAGS}
#define KINDS_symlinkat          {PATH, DIRFD, PATH}
#define KINDS_ftruncate          {FILE_FD, OFFSET}
#define KINDS_truncate           {PATH, OFFSET}
#define KINDS_statfs             {SEE_PATH, OUT}
#define KINDS_faccessat          {DIRFD, SEE_PATH, SMALL}
#define KINDS_umask              {MODE}
#define KINDS_sync               {}
#define KINDS_fsync              {FD}
#define KINDS_memfd_create       {SEE_PATH, MEMFD_FLAGS}
#define KINDS_ppoll              {POLLFD, POLL_COUNT, TIME, IN, SET_BYTES}
#define KINDS_fchmod             {FD, MODE}
#define KINDS_fchmodat           {DIRFD, PATH, MODE}
#define KINDS_fchownat           {DIRFD, PATH, SMALL, SMALL, LINK_FLAGS}
#define KINDS_utimensat          {DIRFD, PATH, TIMES, LINK_FLAGS}
#define KINDS_renameat2          {DIRFD, PATH, DIRFD, PATH, RENAME_FLAGS}
#define KINDS_swapon             {PATH, SMALL}
#define KINDS_clone              {CLONE_FLAGS, STACK, OUT, ANY, OUT}
#define KINDS_execve             {EXEC_PATH, ARGV, ARGV}
#define KINDS_exit               {STATUS}
#define KINDS_exit_group         {STATUS}
#define KINDS_wait4              {CHILD, OUT, WAIT_FLAGS, OUT}
#define KINDS_kill               {PID, SIGNAL}
#define KINDS_tkill              {TID, SIGNAL}
#define KINDS_tgkill             {PID, TID, SIGNAL}
#define KINDS_rt_sigaction       {SIGNAL, SIGACTION, OUT, SET_BYTES}
#define KINDS_rt_sigprocmask     {SMALL, IN, OUT, SET_BYTES}
#define KINDS_getpid             {}
#define KINDS_getppid            {}
#define KINDS_gettid             {}
#define KINDS_getuid             {}
#define KINDS_geteuid            {}
#define KINDS_getgid             {}
#define KINDS_getegid            {}
#define KINDS_getpgid            {PID}
#define KINDS_setpgid            {PID, PID}
#define KINDS_setsid             {}
#define KINDS_set_tid_address    {OUT}
#define KINDS_sched_yield        {}
#define KINDS_futex              {WORD, FUTEX_OPERATION, SMALL, TIME, WORD, SMALL}
#define KINDS_set_robust_list    {HEAD, SET_BYTES}
#define KINDS_get_robust_list    {TID, OUT, OUT}
#define KINDS_brk                {BREAK}
#define KINDS_mmap               {ADDRESS, LENGTH, PROT, MAP_FLAGS, FILE_FD, OFFSET}
#define KINDS_munmap             {ADDRESS, LENGTH}
#define KINDS_mremap             {ADDRESS, LENGTH, LENGTH, MOVE_FLAGS, ADDRESS}
#define KINDS_mprotect           {ADDRESS, LENGTH, PROT}
#define KINDS_msync              {ADDRESS, LENGTH, SYNC_FLAGS}
#define KINDS_mincore            {ADDRESS, LENGTH, OUT}
#define KINDS_madvise            {ADDRESS, LENGTH, ADVICE}
#define KINDS_riscv_flush_icache {ADDRESS, ADDRESS, ICACHE_FLAGS}
#define KINDS_nanosleep          {TIME, OUT}
#define KINDS_clock_nanosleep    {CALL_CLOCK, CLOCK_FLAGS, TIME, OUT}
#define KINDS_clock_gettime      {CALL_CLOCK, OUT}
#define KINDS_uname              {OUT}
#define KINDS_sysinfo            {OUT}
#define KINDS_getrusage          {WHENCE, OUT}
#define KINDS_prlimit64          {PID, SMALL, LIMIT, OUT}
#define KINDS_getrandom          {OUT, BYTES, SMALL}
#define KINDS_reboot             {MAGIC, NOT_MAGIC, ANY, ANY}
// clang-format on

#define ALL_SYSCALLS 1

// A line per call, no more and no fewer arguments than the kernel takes.
#define SYSCALL(call, its_number, arguments)                                                                 \
    _Static_assert(sizeof((uint8_t[])KINDS_##call) == (arguments),                                           \
                   "as many kinds as " #call " has arguments");
#include "uapi/syscall_table.h"
#undef SYSCALL

// These end what calls them, or make the machine wait.
#define RARE(number)                                                                                         \
    ((number) == SYS_exit || (number) == SYS_exit_group ? 30                                                 \
     : (number) == SYS_execve                           ? 10                                                 \
     : (number) == SYS_sync || (number) == SYS_fsync    ? 3                                                  \
                                                        : 0)

#define SYSCALL(call, its_number, arguments)                                                                 \
    {.name = #call,                                                                                          \
     .number = (its_number),                                                                                 \
     .count = (arguments),                                                                                   \
     .rare = RARE(its_number),                                                                               \
     .kinds = KINDS_##call},
const struct call calls[] = {
#include "uapi/syscall_table.h"
};
#undef SYSCALL

const unsigned calls_count = sizeof calls / sizeof *calls;
_Static_assert(sizeof calls / sizeof *calls <= CALLS_MOST, "room to count them");
