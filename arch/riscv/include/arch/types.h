// SPDX-License-Identifier: MIT
//
// Addresses and page sizes. The only header of arch that every layer may include.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; // physical byte address
typedef uint64_t vaddr_t; // virtual byte address

#define PAGE_SHIFT 12
#define PAGE_SIZE  ((uint64_t)1 << PAGE_SHIFT) // bytes; also the size of a frame
#define PAGE_MASK  (PAGE_SIZE - 1)

// One leaf page table covers this much address space (privileged spec 4.4: 512 entries of 4 KiB).
#define TABLE_ENTRIES 512
#define TABLE_SPAN    (PAGE_SIZE * TABLE_ENTRIES)
#define TABLE_SPAN_ORDER 9 // a block of that many frames, as a power of two

// User half: below 2^38 (sv39 canonical, lower half). The first 64 KiB are never mapped.
#define USER_START ((vaddr_t)0x10000)
#define USER_END   ((vaddr_t)1 << 38)

#define MAX_HARTS 32

static inline uint64_t page_round_down(uint64_t address)
{
    return address & ~PAGE_MASK;
}

static inline uint64_t page_round_up(uint64_t address)
{
    return (address + PAGE_MASK) & ~PAGE_MASK;
}
