// SPDX-License-Identifier: MIT
//
// Changing what should be where: map, unmap, protect, and the heap. All have one shape:
//
//   check everything            -EINVAL, -EEXIST, -ENOMEM (a hole): nothing has changed
//   get all memory              -ENOMEM: nothing has changed
//   isolate the range           no region crosses its ends any more; cannot fail
//   change regions, then leaves cannot fail
//   flush, unlock, drop         files are put last, with no lock held
//
// => called with no lock held by system calls and exec; may sleep. What comes in is hostile.

#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/object.h"
#include "mm/space.h"
#include "uapi/errno.h"

static bool in_user_half(vaddr_t start, uint64_t bytes)
{
    return start >= USER_START && start <= USER_END && bytes <= USER_END - start;
}

// --- isolation: the only part that needs memory -----------------------------------------------------------

struct split_records {
    struct vm_region *record[2];
};

static bool crosses(struct vm_space *space, vaddr_t at)
{
    struct vm_region *region = vm_region_find(space, at);
    return region && region->start < at;
}

static void records_free(struct split_records *records)
{
    vm_region_free(records->record[0]);
    vm_region_free(records->record[1]);
}

// => returns 0, or -ENOMEM with no record held
static int records_get(struct vm_space *space, vaddr_t start, vaddr_t end, struct split_records *records)
{
    const vaddr_t ends[2] = {start, end};
    *records = (struct split_records){{NULL, NULL}};
    for (unsigned i = 0; i < 2; i++)
        if (crosses(space, ends[i]) && !(records->record[i] = vm_region_alloc())) {
            records_free(records);
            return -ENOMEM;
        }
    return 0;
}

static void isolate(struct vm_space *space, vaddr_t start, vaddr_t end, struct split_records *records)
{
    const vaddr_t ends[2] = {start, end};
    for (unsigned i = 0; i < 2; i++)
        if (records->record[i])
            vm_region_split(vm_region_find(space, ends[i]), ends[i], records->record[i]);
}

// --- unmap ------------------------------------------------------------------------------------------------

// Regions go first, so that no truncation meets them any more (LENDING rule 19), then the leaves.
// => holds map_lock exclusive; the range is isolated
static void clear(struct vm_space *space, vaddr_t start, vaddr_t end, struct list_node *dead)
{
    struct vm_region *region;
    while ((region = vm_region_at_or_after(space, start)) && region->start < end) {
        vm_region_remove(region);
        list_push_back(dead, &region->by_object);
    }
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    pt_clear_range(&space->pt, start, end, &batch);
    tlb_batch_finish(&batch);
}

static int unmap_locked(struct vm_space *space, vaddr_t start, vaddr_t end, struct list_node *dead)
{
    struct split_records records;
    if (records_get(space, start, end, &records) < 0)
        return -ENOMEM;
    isolate(space, start, end, &records);
    clear(space, start, end, dead);
    return 0;
}

int vm_unmap(struct vm_space *space, vaddr_t start, uint64_t bytes)
{
    if (start & PAGE_MASK || bytes == 0 || bytes > USER_END || start > USER_END - page_round_up(bytes))
        return -EINVAL;
    struct list_node dead = LIST_INIT(dead);
    rwlock_write(&space->map_lock);
    int error = unmap_locked(space, start, start + page_round_up(bytes), &dead);
    rwlock_write_unlock(&space->map_lock);
    vm_regions_drop(&dead);
    return error;
}

// --- map --------------------------------------------------------------------------------------------------

static int check_request(const struct vm_map_request *request, uint64_t bytes)
{
    if (request->bytes == 0 || request->prot & ~(unsigned)(PT_R | PT_W | PT_X) ||
        (request->fixed && request->address & PAGE_MASK))
        return -EINVAL;
    if (request->bytes > USER_END || bytes >> PAGE_SHIFT > frame_usable_count())
        return -ENOMEM;
    if (request->fixed && !in_user_half(request->address, bytes))
        return request->address < USER_START ? -EINVAL : -ENOMEM;
    if (!request->object)
        return request->file_bytes ? -EINVAL : 0;
    if (request->object_page + (bytes >> PAGE_SHIFT) < request->object_page)
        return -EOVERFLOW;
    return request->file_bytes > bytes - PAGE_SIZE && request->file_bytes <= bytes ? 0 : -EINVAL;
}

// => holds map_lock exclusive; the request is checked
static int map_locked(struct vm_space *space, const struct vm_map_request *request, uint64_t bytes,
                      vaddr_t *out, struct list_node *dead)
{
    vaddr_t start = request->address;
    if (!request->fixed) {
        start = vm_region_find_gap(space, page_round_down(start), bytes);
        if (!start)
            return -ENOMEM;
    } else if (request->no_replace) {
        struct vm_region *there = vm_region_at_or_after(space, start);
        if (there && there->start < start + bytes)
            return -EEXIST;
    }
    struct vm_region *region = vm_region_alloc();
    if (!region)
        return -ENOMEM;
    if (request->fixed && unmap_locked(space, start, start + bytes, dead) < 0) {
        vm_region_free(region);
        return -ENOMEM;
    }
    // W without R is reserved in a leaf (privileged spec 4.3.1): who may write may read.
    unsigned prot = request->prot & PT_W ? request->prot | PT_R : request->prot;
    *region = (struct vm_region){.start = start, .end = start + bytes, .kind = request->kind, .prot = prot,
                                 .object = request->object, .object_page = request->object_page,
                                 .file_bytes = request->file_bytes, .file = request->file, .space = space};
    vm_region_insert(region, NULL);
    vm_region_merge(space, start + bytes);
    vm_region_merge(space, start);
    *out = start;
    return 0;
}

int vm_map(struct vm_space *space, const struct vm_map_request *request, vaddr_t *out)
{
    uint64_t bytes = page_round_up(request->bytes);
    int error = check_request(request, bytes);
    if (error)
        return error;
    struct list_node dead = LIST_INIT(dead);
    rwlock_write(&space->map_lock);
    error = map_locked(space, request, bytes, out, &dead);
    rwlock_write_unlock(&space->map_lock);
    vm_regions_drop(&dead);
    return error;
}

// --- protect ----------------------------------------------------------------------------------------------

static bool covered(struct vm_space *space, vaddr_t start, vaddr_t end)
{
    struct vm_region *region = vm_region_find(space, start);
    while (region && region->end < end) {
        vaddr_t reached = region->end;
        region = vm_region_next(region);
        if (region && region->start != reached)
            return false;
    }
    return region;
}

// => holds map_lock exclusive; the range is isolated. Leaves lose what was taken away now, and gain what was
// given by fault.
static void protect(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned prot)
{
    struct vm_region *region = vm_region_find(space, start);
    for (; region && region->start < end; region = vm_region_next(region))
        region->prot = prot;
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    pt_narrow_range(&space->pt, start, end, prot, &batch);
    tlb_batch_finish(&batch);
    for (vaddr_t at = end; at >= start;) {
        vm_region_merge(space, at);
        region = at > start ? vm_region_find(space, at - 1) : NULL;
        at = region ? (region->start < start ? start : region->start) : 0;
    }
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
    struct split_records records;
    rwlock_write(&space->map_lock);
    int error = covered(space, start, end) ? records_get(space, start, end, &records) : -ENOMEM;
    if (!error) {
        isolate(space, start, end, &records);
        protect(space, start, end, prot & PT_W ? prot | PT_R : prot);
    }
    rwlock_write_unlock(&space->map_lock);
    return error;
}

// --- the heap ---------------------------------------------------------------------------------------------

vaddr_t vm_set_break(struct vm_space *space, vaddr_t new_break)
{
    struct list_node dead = LIST_INIT(dead);
    rwlock_write(&space->map_lock);
    vaddr_t old_end = page_round_up(space->brk_end), new_end = page_round_up(new_break);
    int error = new_break < space->brk_start || new_break > USER_END ? -EINVAL : 0;
    if (!error && new_end < old_end)
        error = unmap_locked(space, new_end, old_end, &dead);
    if (!error && new_end > old_end) {
        struct vm_map_request request = {.address = old_end, .bytes = new_end - old_end, .kind = VM_ANON,
                                         .prot = PT_R | PT_W, .fixed = true, .no_replace = true};
        error = check_request(&request, request.bytes);
        if (!error)
            error = map_locked(space, &request, request.bytes, &old_end, &dead);
    }
    if (!error)
        space->brk_end = new_break;
    vaddr_t now = space->brk_end;
    rwlock_write_unlock(&space->map_lock);
    vm_regions_drop(&dead);
    return now;
}
