// SPDX-License-Identifier: MIT
//
// Birth and death of address spaces. A space is on the list of all spaces for as long as its page table may
// be walked: from pt_create until the last put, before anything is torn down. The audit walks that list with
// the other harts stopped; the list changes only under a spin lock, so it is never seen half-changed.

#include "mm/space.h"
#include "lib/assert.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/swap.h"

static struct slab_cache space_cache = SLAB_CACHE("vm-space", struct vm_space);
struct list_node vm_spaces = LIST_INIT(vm_spaces);
struct spinlock vm_spaces_lock = SPINLOCK_INIT(RANK_SPACES);

struct vm_space *vm_space_create(void)
{
    struct vm_space *space = slab_alloc(&space_cache);
    if (!space)
        return NULL;
    if (pt_create(&space->pt) < 0) {
        slab_free(&space_cache, space);
        return NULL;
    }
    rwlock_init(&space->map_lock, RANK_SPACE);
    list_init(&space->removed);
    atomic_store_explicit(&space->refs, 1, memory_order_relaxed);
    spin_lock(&vm_spaces_lock);
    list_push_back(&vm_spaces, &space->node);
    spin_unlock(&vm_spaces_lock);
    return space;
}

void vm_space_unlock(struct vm_space *space)
{
    struct list_node removed = LIST_INIT(removed);
    for (struct list_node *node; (node = list_pop_front(&space->removed));)
        list_push_back(&removed, node);
    rwlock_write_unlock(&space->map_lock);
    vm_regions_drop(&removed);
}

void vm_space_get(struct vm_space *space)
{
    atomic_fetch_add_explicit(&space->refs, 1, memory_order_relaxed);
}

// docs/LENDING.md, rule 21: off the objects' lists, so that no truncation comes by; then the page table,
// frames and all; then the files. Nobody else can reach the space: the lock is there for the assertions.
void vm_space_put(struct vm_space *space)
{
    if (atomic_fetch_sub_explicit(&space->refs, 1, memory_order_acq_rel) != 1)
        return;
    spin_lock(&vm_spaces_lock);
    list_remove(&space->node);
    spin_unlock(&vm_spaces_lock);
    reclaim_await_leaving(space);

    rwlock_write(&space->map_lock);
    for (struct vm_region *region; (region = vm_region_at_or_after(space, 0));)
        vm_region_remove(region);
    pt_destroy(&space->pt);
    vm_space_unlock(space);
    slab_free(&space_cache, space);
}
