// SPDX-License-Identifier: MIT
//
// Kernel objects smaller than a page: caches of equal-sized objects, and kmalloc over a few of them.
// Freed objects are poisoned in debug builds. NULL when out of memory; sleeps as frame_alloc_reclaim() does.
#pragma once

#include "lib/list.h"
#include "lib/spinlock.h"

struct slab_cache {
    const char *name;
    size_t object_bytes;   // a multiple of 8
    struct spinlock lock;  // RANK_SLAB
    uint32_t partial;      // first frame number with room, 0 = none
    _Atomic size_t objects; // in use now
    struct list_node node; // list of all caches
};

#define SLAB_CACHE(name_, type) \
    {.name = (name_), .object_bytes = (sizeof(type) + 7) & ~(size_t)7, .lock = SPINLOCK_INIT(RANK_SLAB)}

void *slab_alloc(struct slab_cache *cache); // zeroed
void slab_free(struct slab_cache *cache, void *object);

void *kmalloc(size_t bytes); // zeroed; any size up to 2 MiB; NULL when out of memory
void kfree(void *memory);    // NULL is fine

void slab_init(void);
// Objects in use, per cache and in all: tests compare before and after.
void slab_for_each(void (*visit)(void *context, const struct slab_cache *cache), void *context);
