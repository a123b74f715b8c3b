// SPDX-License-Identifier: MIT
//
// Work in rounds; contracts in lib/rounds.h.

#include "lib/rounds.h"

void rounds_ask(struct rounds *rounds)
{
    if (!atomic_exchange(&rounds->asked, true))
        wake_all(&rounds->wanted);
}

void rounds_serve(struct rounds *rounds, size_t (*round)(bool wanted), uint64_t period_ns)
{
    for (rounds->serving = true;;) {
        uint64_t next = period_ns ? clock_ns() + period_ns : 0;
        (void)wait_event_interruptible(&rounds->wanted, rounds->asked, next);
        bool wanted = atomic_exchange(&rounds->asked, false);
        rounds->begun += wanted; // who waits is not content with another
        size_t yield = round(wanted);
        rounds->yield += yield;
        rounds->barren = wanted && !yield;
        rounds->ended += wanted;
        wake_all(&rounds->done);
    }
}

bool rounds_wait(struct rounds *rounds)
{
    if (!rounds->serving)
        return false;
    uint64_t yield = rounds->yield, round = rounds->begun + 1;
    rounds_ask(rounds);
    wait_event(&rounds->done, rounds->ended >= round);
    return rounds->yield != yield;
}
