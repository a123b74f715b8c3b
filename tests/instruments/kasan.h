// SPDX-License-Identifier: MIT
//
// The shadow of the kernel half (kasan_shadow.c): one byte for eight. 0: all eight may be used; 1 to 7: so many
// of the first; else none, and the value says why.
#pragma once

#include "arch/types.h"
#include "arch/riscv/csr.h"

#define SHADOW_BASE   0xfffffff000000000 // shadow of DIRECT_MAP_BASE, and so on for 32 GiB
#define SHADOW_OFFSET (SHADOW_BASE - DIRECT_MAP_BASE / GRANULE) // CMakeLists.txt tells the compiler the same
#define GRANULE       8 // bytes

enum shadow_value {
    STACK_LEFT = 0xf1, // the compiler's: around and between variables on the stack, variables out of scope, and
    STACK_MIDDLE = 0xf2, // behind globals
    STACK_RIGHT = 0xf3,
    STACK_SCOPE = 0xf8,
    GLOBAL_BEHIND = 0xf9,
    SLAB_BEHIND = 0xfa, // ours: behind an object; an object that was never handed out; and those that were freed
    SLAB_NEVER = 0xfb,
    SLAB_FREED = 0xfc,
    FRAME_NEVER = 0xfd,
    FRAME_FREED = 0xfe,
    STACK_FREED = 0xff,
};

static inline uint8_t *shadow_of(uint64_t address)
{
    return (uint8_t *)(address / GRANULE + SHADOW_OFFSET);
}

void shadow_early(void);                  // kasan_shadow.c: for the image alone
bool shadow_has_stack(const void *top);   // there is shadow for this kernel stack

// Sets the shadow of [memory, memory + bytes), from a granule's start; a last granule that is not whole gets `value`.
void shadow_fill(const void *memory, size_t bytes, uint8_t value);
// The first `good` bytes may be used, the others up to `bytes` not, for the reason `value`.
void shadow_split(const void *memory, size_t good, size_t bytes, enum shadow_value value);

// Stops the machine when one of the bytes may not be used. `pc`: who uses them.
void kasan_check(const void *memory, size_t bytes, bool write, const void *pc);
// Stops the machine unless `memory` is in use: it is about to be freed.
void kasan_check_free(const void *memory, const void *pc);

// kasan_quarantine.c: the frame is freed, sooner or later; all of them now (=> returns whether there were any).
struct frame;
void quarantine_put(struct frame *frame);
bool quarantine_flush(void);

void *__real_memset(void *destination, int byte, size_t bytes); // the linker's name of what --wrap has replaced
