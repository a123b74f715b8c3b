// SPDX-License-Identifier: MIT
//
// Stands before lib/poison.h for mm/frame.c in the strict preset: a page that is poisoned leaves the direct
// map, and comes back before anybody looks whether the poison is intact (strict_frames.c).
#pragma once

#include "tests/instruments/strict_frames.h"

#define poison        poison_mapped
#define poison_intact poison_mapped_intact
#include_next "lib/poison.h"
#undef poison
#undef poison_intact

static inline void poison(void *page, size_t bytes)
{
    poison_mapped(page, bytes);
    strict_withdraw(page);
}

static inline size_t poison_intact(const void *page, size_t bytes)
{
    strict_give_back(page);
    return poison_mapped_intact(page, bytes);
}
