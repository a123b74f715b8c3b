// SPDX-License-Identifier: MIT
//
// Fork: a second space with the same regions and the same memory. What makes it fast is in arch: leaf tables are
// lent (docs/LENDING.md). What makes it right is the order of steps:
//
//   1 get all memory: region records, the child's upper tables    failure: nothing has happened
//   2 lend the parent's leaf tables, and flush the parent: until then its other threads may still write
//     through old translations; after it no hardware reaches a lent table from anywhere
//   3 list the child's regions on their objects. From here on a truncation visits the child as well; before,
//     what it changed in the parent's tables was the child's too, for they were the same tables
//   4 settle: copies for the child, where the mode or a nearly empty table asks for them
//
// The parent's map_lock is held exclusively from before 1 until after 4: no fault of the parent is resolved
// in between, and the child, which nobody knows yet, cannot run.

#include "mm/object.h"
#include "mm/reclaim.h"
#include "mm/slab.h"
#include "mm/space.h"
#include "mm/swap.h"
#include "uapi/errno.h"

// Records for all regions of `parent`, as copies that belong to `child`, on a list
static int copy_records(struct vm_space *parent, struct vm_space *child, struct list_node *records)
{
    for (struct vm_region *from = vm_region_at_or_after(parent, 0); from; from = vm_region_next(from)) {
        struct vm_region *copy = vm_region_new(from);
        if (!copy)
            return -ENOMEM;
        copy->space = child;
        list_push_back(records, &copy->by_object);
    }
    return 0;
}

static int fork_locked(struct vm_space *parent, struct vm_space *child, enum fork_mode mode)
{
    struct list_node *records = &child->removed;
    int error = pt_lend_prepare(&parent->pt, &child->pt);
    if (!error)
        error = copy_records(parent, child, records);
    if (error)
        return error;
    struct pt_lending lending;
    struct tlb_batch batch;
    tlb_batch_init(&batch, &parent->pt);
    pt_lend(&parent->pt, &child->pt, &lending, &batch);
    tlb_batch_finish(&batch);

    for (struct list_node *node; (node = list_pop_front(records));)
        vm_region_insert(container_of(node, struct vm_region, by_object));
    child->brk_start = parent->brk_start;
    child->brk_end = parent->brk_end;
    return pt_lend_settle(&parent->pt, &child->pt, &lending, mode);
}

bool vm_room_for_task(void)
{
    size_t reserve_pages = frame_usable_count() / 32;
    while (frame_free_count() + swap_free_count() < reserve_pages)
        if (!vm_objects_reclaim(reserve_pages) && !rounds_wait(&reclaim_pages) && !reclaim_wait_files())
            return false;
    return true;
}

int vm_space_fork(struct vm_space *parent, enum fork_mode mode, struct vm_space **out)
{
    struct vm_space *child = vm_space_create();
    if (!child)
        return -ENOMEM;
    rwlock_write(&parent->map_lock);
    int error = fork_locked(parent, child, mode);
    rwlock_write_unlock(&parent->map_lock);
    if (error)
        vm_space_put(child);
    else
        *out = child;
    return error;
}
