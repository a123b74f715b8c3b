// SPDX-License-Identifier: MIT
//
// When memory runs short: who frees some, and who waits for it. See reclaim.c.

#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "arch/types.h"

extern struct reclaimer reclaim_pages, reclaim_files;
// Body of such a thread: calls free_some(true) when somebody wants memory, free_some(false) when a period has
// passed (0: never). free_some => returns how much came of it, in any unit; 0: there is nothing left to free
_Noreturn void reclaim_serve(struct reclaimer *reclaimer, size_t (*free_some)(bool wanted), uint64_t period_ns);
void reclaim_if_low(void);     // wakes them when little is free
bool reclaim_wait_files(void); // => holds no lock from RANK_RENAME on; false: nothing has come of it

#endif
