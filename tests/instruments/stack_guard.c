// SPDX-License-Identifier: MIT
//
// What the compiler's -fstack-protector-strong asks for. Any context; not protected itself.

#include "tests/instruments/stack_guard.h"

#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"
#include "lib/log.h"

extern uint64_t __stack_chk_guard;
uint64_t __stack_chk_guard = 0x6b696e655f677561;

// Different at each boot, but not under a seed; its lowest byte is 0, so that no string ends up with all of it.
void stack_guard_choose(void)
{
    __stack_chk_guard = (__stack_chk_guard ^ csr_read(time)) * 0x9e3779b97f4a7c15 << 8;
}

_Noreturn void __stack_chk_fail(void);
_Noreturn void __stack_chk_fail(void)
{
    backtrace_print_place((uint64_t)__builtin_return_address(0));
    panic("stack protector: a function has written beyond its variables");
}
