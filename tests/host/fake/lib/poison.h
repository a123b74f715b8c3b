// SPDX-License-Identifier: MIT
//
// Stands in for lib/poison.h on the host, where the sanitizers make a loop over each byte of each page that
// is allocated dear: the same, by words.
#pragma once

#include "lib/string.h"

#include <stdint.h>

#define POISON 0xf4

static inline void poison(void *memory, size_t bytes)
{
    memset(memory, POISON, bytes);
}

struct poison_words {
    uint64_t words[8];
} __attribute__((packed, may_alias));

// => returns how many bytes there are before the first that was written; `bytes`: none was
__attribute__((no_sanitize("address", "undefined", "coverage"))) static inline size_t
poison_intact(const void *memory, size_t bytes)
{
    const uint8_t *byte = memory;
    size_t intact = 0;
    for (uint64_t differ = 0; intact + sizeof(struct poison_words) <= bytes;
         intact += sizeof(struct poison_words)) {
        const struct poison_words *these = (const void *)(byte + intact);
        for (unsigned i = 0; i < 8; i++)
            differ |= these->words[i] ^ POISON * 0x0101010101010101ULL;
        if (differ)
            break;
    }
    while (intact < bytes && byte[intact] == POISON)
        intact++;
    return intact;
}
