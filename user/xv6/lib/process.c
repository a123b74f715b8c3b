// SPDX-License-Identifier: MIT
// Processes: Linux' calls with xv6's meaning.
#include "internal.h"
#include "kernel/memlayout.h"
#include "uapi/mman.h"
#include "uapi/resource.h"
#include "uapi/signal.h"
#include "uapi/time.h"
#include "user/user.h"

#define TICK_NS 100000000L

// A Linux status has eight bits, enough for -128 to 127. A process that ends with something else leaves it
// here, in a page that it has in common with those it descends from: one that has called fork finds what its
// child left.
struct wide_status {
    int pid, status;
};
#define WIDE_STATUSES (PGSIZE / (int)sizeof(struct wide_status))
static struct wide_status *const wide = (struct wide_status *)0x10000; // program.ld leaves room

int getpid(void)
{
    return (int)KERNEL(SYS_getpid);
}

// Those that have ended and that init is about to wait for should not count: it gets a while for them.
static int too_many_processes(void)
{
    const long a_while[2] = {0, 5000000};
    struct sysinfo info;
    for (int tries = 0; tries < 20; tries++) {
        if (KERNEL(SYS_sysinfo, &info) == 0 && info.procs < NPROC)
            return 0;
        KERNEL(SYS_nanosleep, a_while, 0);
    }
    return 1;
}

int fork(void)
{
    if (too_many_processes())
        return -1;
    return result_of(KERNEL(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

int exit(int status)
{
    if (status != (signed char)status) {
        int pid = getpid();
        wide[pid % WIDE_STATUSES] = (struct wide_status){pid, status};
    }
    for (;;)
        KERNEL(SYS_exit_group, status & 0xff);
}

static int exact_status(int pid, int status)
{
    const struct wide_status *left = &wide[pid % WIDE_STATUSES];
    return left->pid == pid && (signed char)left->status == status ? left->status : status;
}

// The kernel writes through `status` itself: a bad address is found there, and not by us.
int wait(int *status)
{
    long pid = KERNEL(SYS_wait4, -1, status, 0, 0);
    if (pid < 0)
        return -1;
    if (status)
        *status = *status & 0x7f ? -1 : exact_status((int)pid, (signed char)(*status >> 8));
    return (int)pid;
}

int kill(int pid)
{
    return pid <= 0 ? -1 : result_of(KERNEL(SYS_kill, pid, SIGKILL));
}

static int arguments_fit(char **argv)
{
    long bytes = 2 * sizeof(char *), limit = ARGUMENT_BYTES_MOST;
    for (int count = 0; count < MAXARG; count++) {
        if (!kine_may_read(&argv[count], sizeof(char *)))
            return 0;
        if (!argv[count])
            return 1;
        long text = kine_text_bytes(argv[count], limit);
        bytes += (text + 16) / 16 * 16 + (long)sizeof(char *);
        if (text < 0 || bytes > limit)
            return 0;
    }
    return 0;
}

int exec(const char *path, char **argv)
{
    char cut[MAXPATH];
    if (kine_path(path, cut) < 0 || !arguments_fit(argv))
        return -1;
    return result_of(KERNEL(SYS_execve, cut, argv, 0));
}

static void prepare_process(void)
{
    const struct kernel_sigaction ignore = {.handler = 1}; // writing to a pipe without readers fails: no more
    KERNEL(SYS_rt_sigaction, SIGPIPE, &ignore, 0, 8);
    long flags = MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE;
    if (KERNEL(SYS_mmap, wide, PGSIZE, PROT_READ | PROT_WRITE, flags, -1, 0) < 0)
        KERNEL(SYS_exit_group, 255);
}

// What the kernel has put at `from`, argc and argv, moved to the stack of an xv6 program. => returns its sp
uint64 *kine_begin(const uint64 *from)
{
    extern char kine_stack_top[];
    prepare_process();
    uint64 argc = from[0], strings = (uint64)kine_stack_top;
    for (uint64 i = 0; i < argc; i++)
        strings -= strlen((char *)from[1 + i]) + 1;
    uint64 *to = (uint64 *)((strings - (argc + 2) * sizeof(uint64)) & ~15UL);
    if ((uint64)to < (uint64)kine_stack_top - ARGUMENT_BYTES_MOST) {
        fprintf(2, "%s: more arguments than an xv6 program can have\n", (char *)from[1]);
        exit(-1);
    }
    to[0] = argc;
    to[argc + 1] = 0;
    for (uint64 i = 0; i < argc; i++) {
        to[1 + i] = strings;
        strcpy((char *)strings, (char *)from[1 + i]);
        strings += strlen((char *)strings) + 1;
    }
    return to;
}

int uptime(void)
{
    struct timespec now;
    KERNEL(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return (int)(now.tv_sec * (1000000000 / TICK_NS) + now.tv_nsec / TICK_NS);
}

int pause(int ticks)
{
    struct timespec time = {ticks / (1000000000 / TICK_NS), ticks % (1000000000 / TICK_NS) * TICK_NS};
    return ticks <= 0 ? 0 : result_of(KERNEL(SYS_nanosleep, &time, 0));
}

int sleep(int ticks)
{
    return pause(ticks);
}
