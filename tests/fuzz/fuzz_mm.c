// SPDX-License-Identifier: MIT
//
// mm/ and the page tables, by the steps of tests/host/mm_oracle.h drawn from the input, on the machine whose
// TLBs forget nothing early: every load is compared, the audit recounts, and at the end neither a frame nor a
// swap slot is missing.
//
// The input: a seed for the hardware and one for whether it sets A and D; then a record for each step, whose
// bytes are its choices, zeros when there are no more.

#include "tests/fuzz/records.h"
#include "tests/host/fake_swap.h"
#include "tests/host/mm_oracle.h"

#define STEP_BYTES 12

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

static const uint8_t *next, *end_of_step;
static size_t free_at_rest;

static unsigned draw(unsigned below)
{
    unsigned number = 0;
    for (unsigned range = 1; range < below && next < end_of_step; range <<= 8)
        number = number << 8 | *next++;
    return number % below;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    boot_with_swap();
    pt_lend_least = 0; // the tables here are nearly empty
    begin(1);          // a space that comes and goes makes the first slabs known
    fake_space_put(space);
    free_at_rest = frame_free_count();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < 2)
        return 0;
    fake_random_seed(bytes[0]);
    fake_sets_a_d = bytes[1] % 3;
    oracle_begin(draw);
    for (size_t at = 2; at < count; at += STEP_BYTES) {
        next = bytes + at;
        end_of_step = count - at < STEP_BYTES ? bytes + count : next + STEP_BYTES;
        oracle_step();
    }
    oracle_end();
    CHECK(frame_free_count() == free_at_rest && slots_in_use() == 0 && pt_mega_count() == 0);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
    if (bytes < 2 || seed % 4 == 0)
        return LLVMFuzzerMutate(data, bytes, most);
    struct records records = {data, bytes, most, 2, STEP_BYTES, bytes};
    return records_mutate(&records, seed / 4);
}
