// SPDX-License-Identifier: MIT
//
// Everything that spaces do, at random, over the real page tables, on a machine whose TLBs forget nothing early: every
// load is compared with an oracle (mm_oracle.h), allocations fail here and there, the audit recounts all the time.

#include "tests/host/fake_swap.h"
#include "tests/host/mm_oracle.h"

#define STEPS 3000

// A space that comes and goes makes the first slabs known.
static size_t frames_free_at_rest(void)
{
    begin(1);
    fake_space_put(space);
    return frame_free_count();
}

int main(int count, char **arguments)
{
    boot_with_swap();
    pt_lend_least = 0; // the tables here are nearly empty
    size_t free = frames_free_at_rest();
    for (uint64_t seed = 1; seed <= (count > 1 ? strtoull(arguments[1], NULL, 10) : 20); seed++) {
        fake_sets_a_d = seed % 3;
        fake_random_seed(seed);
        oracle_begin(fake_random);
        for (unsigned step = 0; step < STEPS; step++)
            oracle_step();
        oracle_end();
        if (frame_free_count() != free)
            printf("# seed %lu leaks\n", seed);
        CHECK(frame_free_count() == free && slots_in_use() == 0);
    }
    CHECK(writes > 100 && reads > 100);
    printf("ok - random_against_oracle\n");
}
