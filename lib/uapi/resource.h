// SPDX-License-Identifier: MIT
// What a process may use (prlimit64), what it has used (getrusage), what the machine has (sysinfo).
#pragma once

#include <stdint.h>
#include "uapi/time.h"

enum { RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_NPROC = 6, RLIMIT_NOFILE,
       RLIMIT_AS = 9, RLIMIT_NLIMITS = 16, RUSAGE_SELF = 0, RUSAGE_CHILDREN = -1, RUSAGE_THREAD = 1 };
#define RLIM_INFINITY (~0UL)

struct rlimit {
    uint64_t rlim_cur, rlim_max;
};

struct rusage {
    struct timeval ru_utime, ru_stime;
    int64_t ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock;
    int64_t ru_msgsnd, ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw;
};

struct sysinfo {
    int64_t uptime; // seconds
    uint64_t loads[3], totalram, freeram, sharedram, bufferram, totalswap, freeswap;
    uint16_t procs, pad;
    uint64_t totalhigh, freehigh;
    uint32_t mem_unit; // the memory figures are in units of so many bytes
};
