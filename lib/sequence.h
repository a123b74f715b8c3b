// SPDX-License-Identifier: MIT
//
// A seeded sequence of numbers that look random: equal seeds give equal sequences, neighbouring seeds
// unrelated ones. Timer intervals of a `seed` run come from here, one sequence a hart. Not for secrets.
// splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): a counter in
// steps of 2^64 / golden ratio, its bits mixed.
#pragma once

#include <stdint.h>

struct sequence {
    uint64_t state; // set it to the seed, any value
};

static inline uint64_t sequence_next(struct sequence *sequence)
{
    uint64_t mixed = sequence->state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

// least <= result <= most; not for the whole 64-bit range
static inline uint64_t sequence_between(struct sequence *sequence, uint64_t least, uint64_t most)
{
    return least + sequence_next(sequence) % (most - least + 1);
}
