// SPDX-License-Identifier: MIT
//
// prlimit64(2). Optional. Called by trap/ with no lock held.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "proc/process.h"
#include "uapi/resource.h"

// Limits are configuration, not per process: they can be read and set to what they are.
int64_t sys_prlimit64(uint64_t pid, uint64_t resource, uint64_t new_limit, uint64_t old_limit)
{
    if ((int)pid && (int)pid != current_task()->process->pid)
        return -ESRCH;
    if (resource >= RLIMIT_NLIMITS)
        return -EINVAL;
    uint64_t value = resource == RLIMIT_STACK    ? STACK_BYTES_MOST
                     : resource == RLIMIT_NOFILE ? FILES_MOST
                     : resource == RLIMIT_NPROC  ? TASKS_MOST - 1
                     : resource == RLIMIT_CORE   ? 0
                                                 : RLIM_INFINITY;
    struct rlimit limit = {value, value}, wanted = limit;
    if (new_limit && copy_from_user(&wanted, user_ptr(new_limit), sizeof wanted)) // it may be the same as old_limit
        return -EFAULT;
    if (old_limit && copy_to_user(user_ptr(old_limit), &limit, sizeof limit))
        return -EFAULT;
    return wanted.rlim_cur == value && wanted.rlim_max == value ? 0 : -EPERM;
}
