// SPDX-License-Identifier: MIT
//
// See records.h.

#include "tests/fuzz/records.h"

#include <string.h>

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

size_t records_mutate(const struct records *records, unsigned seed)
{
    uint32_t state = seed;
    size_t unit = records->unit, count = (records->end - records->at) / unit, what = next_random(&state) % 4;
    uint8_t *first = records->data + records->at, *place = first + next_random(&state) % (count + 1) * unit;
    size_t behind = records->bytes - (size_t)(place - records->data);
    bool is_one = place < first + count * unit;
    if (what == 0 && is_one) {
        memmove(place, place + unit, behind - unit);
        return records->bytes - unit;
    }
    if (what < 3 && records->bytes + unit <= records->most) {
        memmove(place + unit, place, behind);
        const uint8_t *like = count ? first + next_random(&state) % count * unit : place;
        like += like >= place ? unit : 0;
        if (what == 1 && count)
            memcpy(place, like, unit);
        for (size_t i = 0; i < unit && (what == 2 || !count); i++)
            place[i] = (uint8_t)next_random(&state);
        return records->bytes + unit;
    }
    if (is_one)
        LLVMFuzzerMutate(place, unit, unit);
    return records->bytes;
}
