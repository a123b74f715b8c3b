// SPDX-License-Identifier: MIT
//
// mremap(2). Called by trap/syscall.c.

#include "lib/syscalls.h"
#include "mm/space.h"
#include "proc/task.h"
#include "uapi/errno.h"
#include "uapi/mman.h"

int64_t sys_mremap(uint64_t address, uint64_t old_bytes, uint64_t new_bytes, uint64_t flags, uint64_t to)
{
    struct vm_remap_request request = {
        .address = address,
        .old_bytes = old_bytes,
        .new_bytes = new_bytes,
        .may_move = flags & MREMAP_MAYMOVE,
        .fixed = flags & MREMAP_FIXED,
        .to = to,
    };
    vaddr_t result = 0;
    if (flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED))
        return -EINVAL;
    int error = vm_remap(current_task()->space, &request, &result);
    return error ? error : (int64_t)result;
}
