// SPDX-License-Identifier: MIT
//
// Bit operations on arrays of 64-bit words. The caller holds whatever guards the bitmap.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORDS(bits) (((bits) + 63) / 64)

static inline bool bitmap_test(const uint64_t *map, size_t bit)
{
    return map[bit / 64] >> (bit % 64) & 1;
}

static inline void bitmap_set(uint64_t *map, size_t bit)
{
    map[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static inline void bitmap_clear(uint64_t *map, size_t bit)
{
    map[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

// The first clear bit at or after `from`, or `bits` when all are set.
static inline size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t from)
{
    for (; from < bits; from += 64 - from % 64) {
        uint64_t clear = ~map[from / 64] >> (from % 64);
        if (clear) {
            from += (size_t)__builtin_ctzll(clear);
            break;
        }
    }
    return from < bits ? from : bits;
}
