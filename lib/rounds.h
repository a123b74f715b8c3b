// SPDX-License-Identifier: MIT
//
// A thread that works in rounds for whoever wants something done: it is asked, or a period passes, and it
// does one round. Who asks may wait for a whole round, begun after he came, and hears whether anything has
// come of it.
#pragma once

#include "lib/wait.h"

struct rounds {
    struct wait_queue wanted, done; // the thread sleeps here; who waits for it, there
    _Atomic bool serving, asked;
    _Atomic bool barren;           // nothing came of the last one that was wanted; who knows better clears it
    _Atomic uint64_t begun, ended; // rounds
    _Atomic uint64_t yield;        // of all rounds
};
#define ROUNDS_INIT(name) {.wanted = WAIT_QUEUE_INIT((name).wanted), .done = WAIT_QUEUE_INIT((name).done)}

// Body of the thread: calls round(true) when somebody wants it, round(false) when a period has passed (0:
// never). round => returns how much came of it, in any unit
_Noreturn void rounds_serve(struct rounds *rounds, size_t (*round)(bool wanted), uint64_t period_ns);
void rounds_ask(struct rounds *rounds); // any context
// => may sleep; returns whether anything came of it until the end of the first round that began after we came
bool rounds_wait(struct rounds *rounds);
