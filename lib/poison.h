// SPDX-License-Identifier: MIT
//
// Poison: what free memory is filled with in debug builds, so that whoever writes to it is noticed.
#pragma once

#include "lib/string.h"

#include <stdint.h>

#define POISON 0xf4

static inline void poison(void *memory, size_t bytes)
{
    memset(memory, POISON, bytes);
}

// => returns how many bytes there are before the first that was written; `bytes`: none was
static inline size_t poison_intact(const void *memory, size_t bytes)
{
    const uint8_t *byte = memory;
    size_t intact = 0;
    while (intact < bytes && byte[intact] == POISON)
        intact++;
    return intact;
}
