// SPDX-License-Identifier: MIT
//
// A seeded sequence of numbers that look random: equal seeds give equal sequences. Timer intervals of a
// `seed` run come from here, one sequence a hart. Not for secrets.

#ifndef LIB_SEQUENCE_H
#define LIB_SEQUENCE_H

#include <stdint.h>

struct sequence {
    uint64_t state; // set it to the seed, any value
};

uint64_t sequence_next(struct sequence *sequence);
uint64_t sequence_between(struct sequence *sequence, uint64_t least, uint64_t most); // least <= result <= most

#endif
