// SPDX-License-Identifier: MIT
//
// When memory runs short: who frees some, and who waits for it. See reclaim.c.
#pragma once

#include "lib/rounds.h"

extern struct rounds reclaim_pages, reclaim_files; // of the two threads. Who waits for the second holds no lock from
                                                   // RANK_RENAME on
void reclaim_if_low(void);                         // wakes them when little is free
