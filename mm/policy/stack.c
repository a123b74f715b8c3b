// SPDX-License-Identifier: MIT
//
// Stack growth. A fault below a stack makes the stack larger: up to STACK_BYTES_MOST in all, and leaving a page
// free above whatever lies below, so that an overflow is met by a fault and not by data. Where the stack pointer
// is says nothing: RISC-V has no red zone, but gcc 12 stores into large frames before it has moved the pointer.

#include "mm/fault.h"

bool policy_stack_grow(struct vm_space *space, vaddr_t va)
{
    struct vm_region *stack = vm_region_at_or_after(space, va);
    vaddr_t start = page_round_down(va);
    if (!stack || stack->kind != VM_STACK || start < USER_START ||
        stack->end - start > STACK_BYTES_MOST || vm_region_at_or_after(space, start - PAGE_SIZE) != stack)
        return false;
    stack->start = start;
    return true;
}
