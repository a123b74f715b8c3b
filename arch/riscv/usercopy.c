// SPDX-License-Identifier: MIT
//
// Where a user copy continues after a fault that cannot be resolved. Called by trap/ when a page fault on a
// user address came from kernel code; takes no lock.

#include "arch/uaccess.h"

// Written by usercopy.S. The section's name is a C identifier, so the linker provides its two ends.
struct uaccess_range {
    uint64_t start, end; // instructions that may fault
    uint64_t target;     // where to go on then
};
extern const struct uaccess_range __start_uaccess_fixups[], __stop_uaccess_fixups[];

uint64_t uaccess_fixup(uint64_t pc)
{
    const struct uaccess_range *range = __start_uaccess_fixups;
    for (; range < __stop_uaccess_fixups; range++)
        if (pc >= range->start && pc < range->end)
            return range->target;
    return 0;
}
