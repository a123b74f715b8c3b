// SPDX-License-Identifier: MIT
//
// Changing what should be where: map, unmap, protect, and the heap. All have one shape:
//
//   check everything            -EINVAL, -EEXIST, -ENOMEM (a hole): nothing has changed
//   get all memory              a record for a new region; and isolate the range: no region crosses its ends
//                               any more. -ENOMEM: nothing has changed
//   change regions, then leaves cannot fail
//   flush, unlock, drop         files are put last, with no lock held (vm_space_unlock)
//
// => called with no lock held by system calls and exec; may sleep. What comes in is hostile.

#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/object.h"
#include "mm/space.h"
#include "mm/swap.h"
#include "uapi/errno.h"

static bool in_user_half(vaddr_t start, uint64_t bytes)
{
    return start >= USER_START && start <= USER_END && bytes <= USER_END - start;
}

int vm_isolate(struct vm_space *space, vaddr_t start, vaddr_t end)
{
    const vaddr_t ends[2] = {start, end};
    for (unsigned i = 0; i < 2; i++) {
        struct vm_region *region = vm_region_find(space, ends[i]);
        if (region && region->start != ends[i] && vm_region_split(region, ends[i]) < 0) {
            vm_region_merge(space, start, start);
            return -ENOMEM;
        }
    }
    return 0;
}

// --- unmap ------------------------------------------------------------------------------------------------

// What has been stored to shared pages is to be known before they can no longer be found (reverse.c).
void vm_remove_regions(struct vm_space *space, vaddr_t start, vaddr_t end)
{
    struct vm_region *region;
    while ((region = vm_region_at_or_after(space, start)) && region->start < end) {
        vm_region_write_protect(region, start, end);
        vm_region_remove(region);
    }
}

// Regions go first, so that no truncation meets them any more (docs/LENDING.md, rule 19), then the leaves.
int vm_unmap_locked(struct vm_space *space, vaddr_t start, vaddr_t end)
{
    if (pt_own_cut(&space->pt, start, end) < 0 || vm_isolate(space, start, end) < 0)
        return -ENOMEM;
    vm_remove_regions(space, start, end);
    pt_clear_range(&space->pt, start, end);
    return 0;
}

int vm_unmap(struct vm_space *space, vaddr_t start, uint64_t bytes)
{
    if (start & PAGE_MASK || bytes == 0 || bytes > USER_END || start > USER_END - page_round_up(bytes))
        return -EINVAL;
    rwlock_write(&space->map_lock);
    int error = vm_unmap_locked(space, start, start + page_round_up(bytes));
    vm_space_unlock(space);
    return error;
}

// --- map --------------------------------------------------------------------------------------------------

bool vm_exceeds_memory(uint64_t bytes)
{
    return bytes >> PAGE_SHIFT > frame_span.usable_pages + swap_total_count();
}

static int check_request(const struct vm_map_request *request, uint64_t bytes)
{
    if (request->bytes == 0 || request->prot & ~(unsigned)(PT_R | PT_W | PT_X) ||
        (request->fixed && request->address & PAGE_MASK))
        return -EINVAL;
    if (request->bytes > USER_END || (vm_exceeds_memory(bytes) && !request->no_reserve))
        return -ENOMEM;
    if (request->fixed && !in_user_half(request->address, bytes))
        return request->address < USER_START ? -EINVAL : -ENOMEM;
    return request->object_page > (uint64_t)(INT64_MAX >> PAGE_SHIFT) - (bytes >> PAGE_SHIFT) ? -EOVERFLOW : 0;
}

// W without R is reserved in a leaf (privileged spec 4.3.1): who may write may read.
static unsigned readable(unsigned prot)
{
    return prot & PT_W ? prot | PT_R : prot;
}

int vm_map_locked(struct vm_space *space, const struct vm_map_request *request, vaddr_t *out)
{
    uint64_t bytes = page_round_up(request->bytes);
    int error = check_request(request, bytes);
    if (error)
        return error;
    vaddr_t start = request->address;
    if (!request->fixed && !(start = vm_region_find_gap(space, page_round_down(start), bytes)))
        return -ENOMEM;
    struct vm_region *there = vm_region_at_or_after(space, start);
    if (request->fixed && request->no_replace && there && there->start < start + bytes)
        return -EEXIST;
    struct vm_region *region = vm_region_new(&(struct vm_region){
        .start = start, .end = start + bytes, .kind = request->kind, .prot = readable(request->prot),
        .max_prot = PT_R | PT_X | (request->never_write ? 0 : PT_W), .object = request->object,
        .object_page = request->object_page, .file = request->file,
        .space = space});
    if (!region)
        return -ENOMEM;
    if (request->fixed && vm_unmap_locked(space, start, start + bytes) < 0) {
        list_push_back(&space->removed, &region->by_object);
        return -ENOMEM;
    }
    vm_region_insert(region);
    vm_region_merge(space, start, start + bytes);
    *out = start;
    return 0;
}

int vm_map(struct vm_space *space, const struct vm_map_request *request, vaddr_t *out)
{
    rwlock_write(&space->map_lock);
    int error = vm_map_locked(space, request, out);
    vm_space_unlock(space);
    return error;
}

// --- protect ----------------------------------------------------------------------------------------------

int vm_check_range(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
    struct vm_region *region = vm_region_find(space, start);
    for (; region; region = vm_region_next(region)) {
        if (region->start > start)
            return -ENOMEM;
        if (prot & ~region->max_prot)
            return -EACCES;
        if (region->end >= end)
            return 0;
        start = region->end;
    }
    return -ENOMEM;
}

// => holds map_lock exclusive; the range is isolated. Leaves lose what was taken away now, and gain what was
// given by fault.
static void protect(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
    struct vm_region *region = vm_region_find(space, start);
    for (; region && region->start < end; region = vm_region_next(region)) {
        if (!(prot & PT_W))
            vm_region_write_protect(region, start, end);
        region->prot = prot;
    }
    pt_change_range(&space->pt, start, end, pt_narrow, prot);
    vm_region_merge(space, start, end);
}

int vm_protect(struct vm_space *space, vaddr_t start, uint64_t bytes, unsigned prot)
{
    if (start & PAGE_MASK || prot & ~(unsigned)(PT_R | PT_W | PT_X))
        return -EINVAL;
    if (bytes == 0)
        return 0;
    vaddr_t end = start + page_round_up(bytes);
    if (!in_user_half(start, bytes))
        return -ENOMEM;
    rwlock_write(&space->map_lock);
    int error = vm_check_range(space, start, end, prot);
    if (!error && (pt_own_range(&space->pt, start, end) < 0 || vm_isolate(space, start, end) < 0))
        error = -ENOMEM;
    if (!error)
        protect(space, start, end, readable(prot));
    rwlock_write_unlock(&space->map_lock);
    return error;
}

// --- the heap ---------------------------------------------------------------------------------------------

vaddr_t vm_set_break(struct vm_space *space, vaddr_t new_break)
{
    rwlock_write(&space->map_lock);
    vaddr_t old_end = page_round_up(space->brk_end), new_end = page_round_up(new_break);
    int error = new_break < space->brk_start || new_break > USER_END ? -EINVAL : 0;
    if (!error && new_end < old_end)
        error = vm_unmap_locked(space, new_end, old_end);
    if (!error && new_end > old_end) {
        struct vm_map_request request = {.address = old_end, .bytes = new_end - old_end, .kind = VM_ANON,
                                         .prot = PT_R | PT_W, .fixed = true, .no_replace = true};
        error = vm_map_locked(space, &request, &old_end);
    }
    if (!error)
        space->brk_end = new_break;
    vaddr_t now = space->brk_end;
    vm_space_unlock(space);
    return now;
}
