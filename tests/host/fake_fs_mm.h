// SPDX-License-Identifier: MIT
//
// mm/ for the host tests of fs/: frames, slabs and objects out of malloc, so that the sanitizers see each use
// after free; user memory is the test's own, of which some pages can be absent.

#ifndef TESTS_HOST_FAKE_FS_MM_H
#define TESTS_HOST_FAKE_FS_MM_H

#include "lib/uaccess.h"

extern size_t fake_frames_in_use, fake_objects_in_use; // objects: of all slabs and kmalloc
extern unsigned fake_fail_allocation;                  // the n-th from now fails; 0: none

#define FAKE_BAD_ADDRESS 0x100 // and all below a page: EFAULT
// User memory for copies without faults: absent from `start` on, until it is faulted in.
extern uint64_t fake_absent_start, fake_absent_end;
extern unsigned fake_fault_ins;

static inline user_ptr_t user(const void *pointer)
{
    return user_ptr((uint64_t)(uintptr_t)pointer);
}

#endif
