// SPDX-License-Identifier: MIT
//
// Slabs: one frame cut into equal objects. The frame's record (mm/frame.h) says which cache it belongs to,
// how many objects are out and which one is free first; a free object holds the number of the next one, and
// in debug builds poison behind it. Slabs with room form a list; full ones are on none and are found again
// through the record of the object's page; empty ones go back at once, so that free memory is exact.
//
// Callable from any context that may take RANK_SLAB. New slabs are got and zeroed outside the cache's lock.

#include "mm/slab.h"
#include "lib/assert.h"
#include "lib/poison.h"
#include "lib/radix.h"
#include "lib/string.h"
#include "mm/frame.h"

static struct list_node caches = LIST_INIT(caches);
static struct spinlock caches_lock = SPINLOCK_INIT(RANK_SLAB);

// Free objects start with the number + 1 of the next free object of the slab, 0 for none.
static uint16_t *link_of(const struct slab_cache *cache, struct frame *slab, unsigned number)
{
    return (uint16_t *)((char *)frame_memory(slab) + number * cache->object_bytes);
}

static void list_slab(struct slab_cache *cache, struct frame *slab)
{
    slab->previous = 0;
    slab->slab.next = cache->partial;
    if (cache->partial)
        frame_by_number(cache->partial)->previous = (uint32_t)frame_number(slab);
    cache->partial = (uint32_t)frame_number(slab);
}

static void unlist_slab(struct slab_cache *cache, struct frame *slab)
{
    *(slab->previous ? &frame_by_number(slab->previous)->slab.next : &cache->partial) = slab->slab.next;
    if (slab->slab.next)
        frame_by_number(slab->slab.next)->previous = slab->previous;
}

// --- debug builds -----------------------------------------------------------------------------------------

#define BEHIND_LINK sizeof(uint16_t) // from there on a free object is poisoned

static void poison_object(const struct slab_cache *cache, void *object)
{
    poison((char *)object + BEHIND_LINK, cache->object_bytes - BEHIND_LINK);
}

static void check_poison(const struct slab_cache *cache, const void *object)
{
    size_t bytes = cache->object_bytes - BEHIND_LINK;
    if (poison_intact((const char *)object + BEHIND_LINK, bytes) < bytes)
        panic("slab %s: object %p was written after it was freed", cache->name, object);
}

// => returns where the list ends: what is put there waits longest for its next use; holds cache->lock
static uint16_t *check_and_poison(const struct slab_cache *cache, struct frame *slab, void *object)
{
    uint16_t *link = &slab->slab.free_first;
    while (*link && (link = link_of(cache, slab, *link - 1u)))
        if (link == object)
            panic("slab %s: object %p freed twice", cache->name, object);
    poison_object(cache, object);
    return link;
}

// --- allocate and free ------------------------------------------------------------------------------------

// A new slab on the list. false: out of memory. The cache makes itself known with its first slab.
static bool grow(struct slab_cache *cache)
{
    struct frame *slab = frame_alloc_reclaim(FRAME_KERNEL, 0, 0);
    if (!slab)
        return false;
    unsigned objects = (unsigned)(PAGE_SIZE / cache->object_bytes);
    for (unsigned number = 0; number < objects; number++) {
        *link_of(cache, slab, number) = number + 1 < objects ? (uint16_t)(number + 2) : 0;
        if (KINE_DEBUG)
            poison_object(cache, link_of(cache, slab, number));
    }
    slab->slab.free_first = 1;
    spin_lock(&caches_lock);
    if (!cache->node.next)
        list_push_back(&caches, &cache->node);
    spin_unlock(&caches_lock);

    spin_lock(&cache->lock);
    slab->slab.cache = cache;
    list_slab(cache, slab);
    spin_unlock(&cache->lock);
    return true;
}

// => returns an object of the first slab with room, NULL when there is none
static void *take_object(struct slab_cache *cache)
{
    void *object = NULL;
    spin_lock(&cache->lock);
    if (cache->partial) {
        struct frame *slab = frame_by_number(cache->partial);
        uint16_t *link = link_of(cache, slab, slab->slab.free_first - 1u);
        slab->slab.free_first = *link;
        slab->slab.used++;
        if (!slab->slab.free_first)
            unlist_slab(cache, slab);
        cache->objects++;
        object = link;
    }
    spin_unlock(&cache->lock);
    return object;
}

void *slab_alloc(struct slab_cache *cache)
{
    void *object;
    if (alloc_fails())
        return NULL;
    while (!(object = take_object(cache)))
        if (!grow(cache))
            return NULL;
    if (KINE_DEBUG)
        check_poison(cache, object);
    return memset(object, 0, cache->object_bytes);
}

void slab_free(struct slab_cache *cache, void *object)
{
    struct frame *slab = frame_of(object);
    size_t offset = (uintptr_t)object & PAGE_MASK;
    if (!slab || slab->slab.cache != cache || offset % cache->object_bytes)
        panic("slab %s: %p is none of its objects", cache->name, object);

    spin_lock(&cache->lock);
    uint16_t *link = KINE_DEBUG ? check_and_poison(cache, slab, object) : &slab->slab.free_first;
    if (!slab->slab.free_first)
        list_slab(cache, slab);
    *(uint16_t *)object = *link;
    *link = (uint16_t)(offset / cache->object_bytes + 1);
    cache->objects--;
    bool empty = --slab->slab.used == 0;
    if (empty) {
        unlist_slab(cache, slab);
        slab->slab.cache = NULL;
    }
    spin_unlock(&cache->lock);
    if (empty)
        frame_put(slab);
}

void slab_for_each(void (*visit)(void *context, const struct slab_cache *cache), void *context)
{
    spin_lock(&caches_lock);
    list_for_each(node, &caches)
        visit(context, container_of(node, struct slab_cache, node));
    spin_unlock(&caches_lock);
}

// --- kmalloc ----------------------------------------------------------------------------------------------

#define KMALLOC_CACHE(bytes) \
    {.name = "kmalloc-" #bytes, .object_bytes = (bytes), .lock = SPINLOCK_INIT(RANK_SLAB)}
static struct slab_cache sizes[] = {
    KMALLOC_CACHE(16),  KMALLOC_CACHE(32),  KMALLOC_CACHE(64),   KMALLOC_CACHE(128),
    KMALLOC_CACHE(256), KMALLOC_CACHE(576), KMALLOC_CACHE(1024), KMALLOC_CACHE(2048),
}; // 576: seven to a page, and enough for a node of lib/radix
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

// Whole blocks of frames, "slabs" of one object each: kept in a cache's name so that they are counted.
static struct slab_cache blocks = KMALLOC_CACHE(0);

void *kmalloc(size_t bytes)
{
    for (struct slab_cache *cache = sizes; cache < sizes + SIZES; cache++)
        if (bytes <= cache->object_bytes)
            return slab_alloc(cache);
    if (bytes > PAGE_SIZE * TABLE_ENTRIES)
        return NULL;
    unsigned order = 0;
    while (PAGE_SIZE << order < bytes)
        order++;
    struct frame *block = frame_alloc_reclaim(FRAME_KERNEL, order, ALLOC_ZERO);
    if (!block)
        return NULL;
    block->slab.cache = &blocks;
    block->slab.used = 1;
    blocks.objects++;
    return frame_memory(block);
}

void kfree(void *memory)
{
    if (!memory)
        return;
    struct frame *frame = frame_of(memory);
    if (frame->slab.cache != &blocks) {
        slab_free(frame->slab.cache, memory);
        return;
    }
    blocks.objects--;
    frame_put(frame);
}

// --- boot -------------------------------------------------------------------------------------------------

void slab_init(void)
{
    list_push_back(&caches, &blocks.node);
    radix_set_allocator(kmalloc, kfree);
}
