// SPDX-License-Identifier: MIT
//
// Regions: the tree of one space, and the operations that map.c, fork.c and space.c are made of. None of them
// touches the page table. Whoever changes the extent of an object's region holds the object's lock as well,
// because truncation walks the object's list with that lock alone.

#include "mm/region.h"
#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/space.h"

#define MAP_START ((vaddr_t)1 << 37) // where mappings go that nobody placed: half-way up

static struct slab_cache region_cache = SLAB_CACHE("vm-region", struct vm_region);

static struct vm_region *region_of(struct rb_node *node)
{
    return node ? container_of(node, struct vm_region, by_address) : NULL;
}

static uint64_t pages_of(const struct vm_region *region)
{
    return (region->end - region->start) >> PAGE_SHIFT;
}

// --- questions --------------------------------------------------------------------------------------------

struct vm_region *vm_region_at_or_after(struct vm_space *space, vaddr_t va)
{
    ASSERT(rwlock_held(&space->map_lock));
    struct vm_region *best = NULL;
    for (struct rb_node *node = space->regions.node; node;) {
        struct vm_region *region = region_of(node);
        bool above = region->end > va;
        if (above)
            best = region;
        node = node->child[!above];
    }
    return best;
}

struct vm_region *vm_region_find(struct vm_space *space, vaddr_t va)
{
    struct vm_region *region = vm_region_at_or_after(space, va);
    return region && region->start <= va ? region : NULL;
}

struct vm_region *vm_region_next(const struct vm_region *region)
{
    return region_of(rb_next(&region->by_address));
}

// A stack occupies all that it may grow into, and a page that keeps it apart.
static vaddr_t occupied_from(const struct vm_region *region)
{
    const uint64_t reach = STACK_BYTES_MOST + PAGE_SIZE;
    if (region->kind != VM_STACK || region->start + reach <= region->end)
        return region->start;
    return region->end > reach ? region->end - reach : 0;
}

// The lowest place at or above `from`. => returns an address above USER_END - bytes when there is none
static vaddr_t first_fit(struct vm_space *space, vaddr_t from, uint64_t bytes)
{
    struct vm_region *region = vm_region_at_or_after(space, from);
    if (!region || occupied_from(region) >= from + bytes)
        return from;
    if ((region = region_of(rb_next_with(&region->by_address, bytes))))
        return region_of(rb_prev(&region->by_address))->end;
    struct rb_node *last = space->regions.node;
    while (last->child[1])
        last = last->child[1];
    return region_of(last)->end;
}

bool vm_region_is_free(struct vm_space *space, vaddr_t start, uint64_t bytes)
{
    return start >= USER_START && start < USER_END && bytes <= USER_END - start &&
           first_fit(space, start, bytes) == start;
}

vaddr_t vm_region_find_gap(struct vm_space *space, vaddr_t hint, uint64_t bytes)
{
    if (vm_region_is_free(space, hint, bytes))
        return hint;
    vaddr_t at = first_fit(space, MAP_START, bytes);
    if (at > USER_END - bytes)
        at = first_fit(space, USER_START, bytes);
    return at > USER_END - bytes ? 0 : at;
}

// --- changes ----------------------------------------------------------------------------------------------

void vm_region_lock_object(struct vm_region *region) NO_LOCK_ANALYSIS
{
    if (region->object)
        mutex_lock(&region->object->lock);
}

void vm_region_unlock_object(struct vm_region *region) NO_LOCK_ANALYSIS
{
    if (region->object)
        mutex_unlock(&region->object->lock);
}

struct vm_region *vm_region_new(const struct vm_region *like)
{
    struct vm_region *region = slab_alloc(&region_cache);
    if (!region)
        return NULL;
    __builtin_memcpy(region, like, offsetof(struct vm_region, by_address)); // it is on no list yet
    if (region->file)
        vm_file_get(region->file);
    return region;
}

static void drop(struct vm_region *region)
{
    if (region->file)
        vm_file_put(region->file);
    slab_free(&region_cache, region);
}

void vm_regions_drop(struct list_node *regions)
{
    for (struct list_node *node; (node = list_pop_front(regions));)
        drop(container_of(node, struct vm_region, by_object));
}

// The value of a region's node: what is free right below it. For when the region, if it is there, or its neighbour
// has changed.
static void measure_gap(struct vm_region *region)
{
    if (!region)
        return;
    struct vm_region *below = region_of(rb_prev(&region->by_address));
    vaddr_t end = below ? below->end : USER_START, from = occupied_from(region);
    rb_set_value(&region->by_address, from > end ? from - end : 0);
}

static void tree_insert(struct vm_region *region)
{
    struct rb_node *parent = NULL, **link = &region->space->regions.node;
    int side = 0;
    while (*link) {
        parent = *link;
        side = region_of(parent)->start < region->start;
        link = &parent->child[side];
    }
    rb_insert(&region->space->regions, &region->by_address, parent, side);
    measure_gap(region);
    measure_gap(vm_region_next(region));
}

static void tree_remove(struct vm_region *region)
{
    struct vm_region *next = vm_region_next(region);
    rb_remove(&region->space->regions, &region->by_address);
    measure_gap(next);
}

void vm_region_insert(struct vm_region *region)
{
    vm_region_lock_object(region);
    if (region->object)
        list_push_back(&region->object->regions, &region->by_object);
    vm_region_unlock_object(region);
    tree_insert(region);
}

void vm_region_remove(struct vm_region *region)
{
    vm_region_lock_object(region);
    if (region->object)
        list_remove(&region->by_object);
    vm_region_unlock_object(region);
    tree_remove(region);
    list_push_back(&region->space->removed, &region->by_object);
}

void vm_region_move(struct vm_region *region, vaddr_t start, uint64_t bytes)
{
    ASSERT(!region->object || rwlock_held_for_write(&region->object->lock.lock));
    tree_remove(region);
    region->start = start;
    region->end = start + bytes;
    tree_insert(region);
}

int vm_region_split(struct vm_region *region, vaddr_t at)
{
    ASSERT(region->start < at && at < region->end);
    struct vm_region *second = vm_region_new(region);
    if (!second)
        return -ENOMEM;
    vm_region_lock_object(region);
    second->start = region->end = at;
    if (region->object) {
        second->object_page += pages_of(region);
        list_insert_after(&region->by_object, &second->by_object);
    }
    vm_region_unlock_object(region);
    tree_insert(second);
    measure_gap(region); // a stack's upper end decides where its room begins
    return 0;
}

static bool may_join(const struct vm_region *first, const struct vm_region *second)
{
    return first->end == second->start && first->kind == second->kind && first->prot == second->prot &&
           first->max_prot == second->max_prot && first->mega == second->mega && first->object == second->object &&
           first->file == second->file &&
           (!first->object || first->object_page + pages_of(first) == second->object_page);
}

void vm_region_merge(struct vm_space *space, vaddr_t start, vaddr_t end)
{
    struct vm_region *next, *region = vm_region_at_or_after(space, start - 1);
    for (; region && (next = vm_region_next(region)) && next->start <= end;) {
        if (!may_join(region, next)) {
            region = next;
            continue;
        }
        // In one step for whoever holds the object's lock: a truncation must not find a gap between the two.
        vm_region_lock_object(region);
        if (next->object)
            list_remove(&next->by_object);
        region->end = next->end;
        vm_region_unlock_object(region);
        tree_remove(next);
        measure_gap(region);
        drop(next); // `region` has a reference to the same file: this is not the last
    }
}
