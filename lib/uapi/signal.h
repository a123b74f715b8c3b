// SPDX-License-Identifier: MIT
// Signal numbers and the structure of rt_sigaction. A signal set is 64 bits: signal n is bit n - 1.
#pragma once

#include <stdint.h>

enum { SIGHUP = 1, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGUSR1, SIGSEGV,
       SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
       SIGURG, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR, SIGSYS, NSIG = 65 };
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };
enum { SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SA_SIGINFO = 4, SA_ONSTACK = 0x08000000, SA_RESTART = 0x10000000,
       SA_NODEFER = 0x40000000 };
#define SA_RESETHAND 0x80000000u

// handler 0 is the default action, 1 ignores. riscv passes no restorer: the kernel maps its own way back.
struct kernel_sigaction {
    uint64_t handler, flags, mask;
};
