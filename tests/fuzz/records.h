// SPDX-License-Identifier: MIT
//
// Mutations of an input that is a row of records of the same size: what is behind keeps its meaning.

#ifndef TESTS_FUZZ_RECORDS_H
#define TESTS_FUZZ_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t bytes, size_t most);

struct records {
    uint8_t *data;
    size_t bytes, most; // of the whole input
    size_t at, unit;    // where records begin, up to `end`; bytes of one
    size_t end;
};
// A record comes (new, or like another), goes, or changes. => returns the bytes of the whole input
size_t records_mutate(const struct records *records, unsigned seed);

#endif
