// SPDX-License-Identifier: MIT
//
// The one bitmap operation that is a loop; the others are inline in lib/bitmap.h.

#include "lib/bitmap.h"

size_t bitmap_find_clear(const uint64_t *map, size_t bits, size_t from)
{
    while (from < bits) {
        uint64_t clear = ~map[from / 64] >> (from % 64);
        if (clear) {
            size_t found = from + (size_t)__builtin_ctzll(clear);
            return found < bits ? found : bits;
        }
        from += 64 - from % 64;
    }
    return bits;
}
