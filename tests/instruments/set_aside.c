// SPDX-License-Identifier: MIT
//
// See set_aside.h. Called by kasan_shadow.c and strict_frames.c, on the boot hart.

#include "tests/instruments/set_aside.h"

#include "arch/machine.h"
#include "lib/log.h"

static paddr_t leaf_up(paddr_t address)
{
    return (address + TABLE_SPAN - 1) & ~(TABLE_SPAN - 1);
}

paddr_t set_aside(uint64_t bytes)
{
    for (unsigned i = 0; i < machine.memory_ranges; i++) {
        paddr_t at = leaf_up(machine.memory[i].start);
        for (unsigned j = 0; j < machine.reserved_ranges; j++) {
            const struct memory_range *other = &machine.reserved[j];
            if (at < other->start + other->bytes && other->start < at + bytes) {
                at = leaf_up(other->start + other->bytes);
                j = -1u; // from the first again: they are not in order
            }
        }
        if (at + bytes <= machine.memory[i].start + machine.memory[i].bytes) {
            if (machine.reserved_ranges == sizeof(machine.reserved) / sizeof(machine.reserved[0]))
                fatal("too many reserved ranges of memory");
            machine.reserved[machine.reserved_ranges++] = (struct memory_range){at, bytes};
            return at;
        }
    }
    fatal("too little memory: no room for %zu KiB that an instrument needs", (size_t)bytes / 1024);
}
