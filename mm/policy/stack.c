// SPDX-License-Identifier: MIT
//
// Stack growth. A fault just below a stack makes the stack larger if the program can have meant it: at or
// above its stack pointer (exact, for RISC-V has no red zone), not more than STACK_BYTES_MOST in all, and
// leaving a page free above whatever lies below, so that an overflow is met by a fault and not by data.

#include "mm/fault.h"

bool policy_stack_grow(struct vm_space *space, vaddr_t va, vaddr_t user_sp)
{
    struct vm_region *stack = vm_region_at_or_after(space, va);
    vaddr_t start = page_round_down(va);
    if (!stack || stack->kind != VM_STACK || va < user_sp || start < USER_START ||
        stack->end - start > STACK_BYTES_MOST || vm_region_at_or_after(space, start - PAGE_SIZE) != stack)
        return false;
    stack->start = start;
    return true;
}
