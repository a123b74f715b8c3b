// SPDX-License-Identifier: MIT
//
// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): a counter in steps
// of 2^64 / golden ratio, its bits mixed. Any seed is good, neighbouring seeds give unrelated sequences.

#include "lib/sequence.h"

uint64_t sequence_next(struct sequence *sequence)
{
    uint64_t mixed = sequence->state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

uint64_t sequence_between(struct sequence *sequence, uint64_t least, uint64_t most)
{
    uint64_t span = most - least + 1; // 0: all 2^64 values
    uint64_t number = sequence_next(sequence);
    return least + (span ? number % span : number);
}
