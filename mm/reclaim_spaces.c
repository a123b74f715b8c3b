// SPDX-License-Identifier: MIT
//
// A clock over all spaces and their pages, for want of a reverse map of private memory: what was not used since the
// hand last came by loses its leaf. A file's page then counts for the page cache alone and can go there
// (reclaim.c); a private page goes to the swap device. Called by the thread `pages` alone.
//
// The space being looked at is kept in place by `visited`: its last vm_space_put waits, after it has taken the space
// off the list, until the hand has left. It leaves before anything is written, so that takes microseconds.

#include "arch/pagetable_reclaim.h"
#include "lib/wait.h"
#include "mm/object.h"
#include "mm/space.h"
#include "mm/swap.h"

// Less page cache than that is what programs run from. Taking it from them in turns is called thrashing.
#define CACHE_LEAST (frame_span.usable_pages / 16)
_Static_assert(SWAP_BATCH <= TLB_BATCH_FRAMES, "a batch has room for a round");

static struct vm_space *_Atomic visited; // set under vm_spaces_lock, to one that is on the list
static struct wait_queue left = WAIT_QUEUE_INIT(left);

void reclaim_await_leaving(struct vm_space *space)
{
    wait_event(&left, visited != space);
}

// The hand moves on in the first space of the list; one that it has gone all the way through becomes the last.
static size_t visit_next(unsigned what)
{
    spin_lock(&vm_spaces_lock);
    struct vm_space *space = NULL;
    if (!list_empty(&vm_spaces))
        space = container_of(vm_spaces.next, struct vm_space, node);
    visited = space;
    spin_unlock(&vm_spaces_lock);
    if (!space)
        return 0;
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    size_t taken = pt_reclaim(&space->pt, &space->reclaim_hand, what, SWAP_BATCH, &batch);
    tlb_batch_finish(&batch);
    spin_lock(&vm_spaces_lock);
    if (space->reclaim_hand == 0 && !list_empty(&space->node)) {
        list_remove(&space->node);
        list_push_back(&vm_spaces, &space->node);
    }
    visited = NULL;
    spin_unlock(&vm_spaces_lock);
    wake_all(&left);
    return taken;
}

size_t vm_spaces_reclaim(bool)
{
    size_t looks = 1, freed = vm_objects_reclaim(SWAP_BATCH);
    unsigned what = (vm_cached_pages > CACHE_LEAST ? PT_RECLAIM_FILES : 0) |
                    (swap_free_count() ? PT_RECLAIM_ANON : 0);
    spin_lock(&vm_spaces_lock);
    list_for_each(node, &vm_spaces)
        looks += 3; // rounds: the second chance, the leaf's rights, the page
    spin_unlock(&vm_spaces_lock);
    for (; what && looks && !freed; looks--)
        freed = visit_next(what);
    swap_write_taken();
    return freed;
}
