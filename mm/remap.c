// SPDX-License-Identifier: MIT
//
// mremap: a mapping gets shorter, longer where it is, or goes elsewhere, its pages with it. No byte is copied:
// leaves move (arch/pagetable.h, pt_exchange_range), and behind a region that has moved so do later faults.
//
// The shape is that of map.c: check, get all memory, then change without failing. What was at the new place is
// exchanged with what moves there and so ends up at the old place, which is then cleared like any other; until
// the last allocation has succeeded nothing of it is touched.

#include "mm/object.h"
#include "mm/space.h"
#include "uapi/errno.h"

// A remap with sizes in whole pages.
struct remap {
    struct vm_space *space;
    vaddr_t from, to;
    uint64_t old, new, moved; // bytes: before, after, and the less of the two
};

static bool target_is_bad(const struct vm_remap_request *request, const struct remap *remap)
{
    vaddr_t to = request->to;
    return to & PAGE_MASK || to < USER_START || remap->new > USER_END || to > USER_END - remap->new ||
           (remap->from + remap->old > to && to + remap->new > remap->from);
}

// The pages of an object, mapped once more.
static int duplicate(struct remap *remap, const struct vm_region *region)
{
    const struct vm_map_request request = {
        .address = remap->to, .bytes = remap->new, .kind = region->kind, .prot = region->prot, .fixed = true,
        .no_reserve = true, .never_write = !(region->max_prot & PT_W), .object = region->object,
        .object_page = vm_region_object_index(region, remap->from), .file = region->file};
    return vm_map_locked(remap->space, &request, &remap->to);
}

// All that can fail of a move. => on failure nothing has changed
static int prepare(const struct remap *remap)
{
    struct vm_space *space = remap->space;
    vaddr_t from = remap->from, to = remap->to, moved_end = from + remap->moved, from_end = from + remap->old;
    vaddr_t to_end = to + remap->new;
    if (pt_exchange_prepare(&space->pt, from, to, remap->moved) == 0 &&
        pt_own_cut(&space->pt, from, from_end) == 0 && pt_own_cut(&space->pt, to, to_end) == 0 &&
        vm_isolate(space, to, to_end) == 0 && vm_isolate(space, from, moved_end) == 0 &&
        vm_isolate(space, moved_end, from_end) == 0)
        return 0;
    vm_region_merge(space, to, to_end);
    vm_region_merge(space, from, from_end);
    return -ENOMEM;
}

// Under the object's lock, so that neither truncation nor write-back comes by while leaves are on their way.
static int move(const struct remap *remap)
{
    struct vm_space *space = remap->space;
    vaddr_t moved_end = remap->to + remap->moved, end = remap->to + remap->new;
    int error = prepare(remap);
    if (error)
        return error;
    vm_remove_regions(space, remap->to, end);
    vm_remove_regions(space, remap->from + remap->moved, remap->from + remap->old);
    struct vm_region *region = vm_region_find(space, remap->from);
    vm_region_lock_object(region);
    vm_region_move(region, remap->to, remap->new);
    pt_exchange_range(&space->pt, remap->from, remap->to, remap->moved);
    vm_region_unlock_object(region);
    pt_clear_range(&space->pt, remap->from, remap->from + remap->old);
    pt_clear_range(&space->pt, moved_end, end);
    vm_region_merge(space, remap->to, end);
    return 0;
}

static void grow_in_place(struct vm_region *region, uint64_t more)
{
    vm_region_lock_object(region);
    vm_region_move(region, region->start, region->end - region->start + more);
    vm_region_unlock_object(region);
    vm_region_merge(region->space, region->end, region->end);
}

// => holds map_lock exclusive; errors in the order of Linux
static int remap_locked(const struct vm_remap_request *request, struct remap *remap)
{
    struct vm_space *space = remap->space;
    vaddr_t from = remap->from;
    struct vm_region *region = vm_region_find(space, from);
    if (!region)
        return -EFAULT;
    if ((request->fixed && target_is_bad(request, remap)) || (remap->old == 0 && region->kind != VM_SHARED))
        return -EINVAL;
    if (remap->new <= remap->old && !request->fixed)
        return remap->new == remap->old ? 0 : vm_unmap_locked(space, from + remap->new, from + remap->old);
    if (remap->moved > region->end - from)
        return -EFAULT;
    bool promised = region->kind != VM_SHARED && region->prot; // memory, as mmap does unless told otherwise
    if (remap->new > remap->old && promised && vm_exceeds_memory(remap->new - remap->old))
        return -ENOMEM;
    if (!request->fixed && remap->old && from + remap->old == region->end &&
        vm_region_is_free(space, region->end, remap->new - remap->old)) {
        grow_in_place(region, remap->new - remap->old);
        return 0;
    }
    if (!request->may_move)
        return -ENOMEM;
    remap->to = request->fixed ? request->to : vm_region_find_gap(space, 0, remap->new);
    return !remap->to ? -ENOMEM : remap->old ? move(remap) : duplicate(remap, region);
}

int vm_remap(struct vm_space *space, const struct vm_remap_request *request, vaddr_t *out)
{
    struct remap remap = {.space = space, .from = request->address, .to = request->address,
                          .old = page_round_up(request->old_bytes), .new = page_round_up(request->new_bytes)};
    remap.moved = remap.old < remap.new ? remap.old : remap.new;
    if (request->address & PAGE_MASK || !remap.new || (request->fixed && !request->may_move))
        return -EINVAL;
    if (remap.from >= USER_END)
        return -EFAULT;
    if (remap.old > USER_END - remap.from)
        return -EINVAL;
    if (remap.new > USER_END && !request->fixed)
        return -ENOMEM;
    rwlock_write(&space->map_lock);
    int error = remap_locked(request, &remap);
    vm_space_unlock(space);
    if (!error)
        *out = remap.to;
    return error;
}
