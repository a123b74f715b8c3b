// SPDX-License-Identifier: MIT
//
// What reclaim and swap ask of page tables: an optional part (mm/swap.h).
#pragma once

#include "arch/pagetable.h"

// The clock hand of reclaim over one space, from *hand on: a leaf that was used since the hand last came by is
// marked unused; one that was not gives up its frame, if that is of a kind in `what`:
//   PT_RECLAIM_FILES  a file's page: the leaf is cleared, its reference goes to the batch
//   PT_RECLAIM_ANON   private memory that no other leaf or holder knows: the leaf becomes a swap entry, the frame
//                     goes to swap_take() of mm/swap.h, BUSY until the batch is finished
// => no map_lock, but pt stays; `most` leaves have room in the batch
// => returns how many leaves have changed; *hand = 0 when it has come to the end
enum pt_reclaim { PT_RECLAIM_FILES = 1, PT_RECLAIM_ANON = 2 };
size_t pt_reclaim(struct pagetable *pt, vaddr_t *hand, unsigned what, size_t most, struct tlb_batch *batch);

// The leaf is swapped out: now it names `frame`, whose reference it takes over, without W. Its swap slot, which it
// named until now, is left to the caller.
void pt_swap_in(struct pt_cursor *cursor, struct frame *frame, unsigned prot);
