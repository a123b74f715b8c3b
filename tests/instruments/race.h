// SPDX-License-Identifier: MIT
//
// What race_hooks.c tells race.c about each access that the compiler saw.
#pragma once

#include "arch/cpu.h"

#include <stddef.h>

enum { ACCESS_WRITE = 1, ACCESS_MARKED = 2 }; // marked: atomic of any order, or volatile

struct race_hart {
    int64_t left; // plain accesses to come before the next watch; only this hart changes it
    uint64_t unused[7];
};
extern struct race_hart race_harts[MAX_HARTS];
extern _Atomic uint32_t race_watching; // bit n: hart n watches

// Another hart watches something, or it is this access' turn to be watched (`left`).
void race_slowly(uint64_t address, size_t bytes, unsigned kind, uint64_t pc);

// Before the access. `pc`: behind the call of the hook. Any context.
static inline void race_access(uint64_t address, size_t bytes, unsigned kind, uint64_t pc)
{
    unsigned hart = this_hart()->index;
    uint32_t others = atomic_load_explicit(&race_watching, memory_order_relaxed) & ~((uint32_t)1 << hart);
    bool turn = !(kind & ACCESS_MARKED) && --race_harts[hart].left <= 0;
    if (__builtin_expect(others || turn, 0))
        race_slowly(address, bytes, kind, pc);
}
