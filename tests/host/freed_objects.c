// SPDX-License-Identifier: MIT
//
// Linked around slab_free() and kfree() of the real mm/slab.c (--wrap): what is freed stays out of use for a
// while and must not be touched, by the sanitizer's rules. Else its next owner's bytes would lie there at
// once, and who reads them, or puts a reference that is not his, would be taken for the next owner.

#include "mm/frame.h"
#include "mm/slab.h"
#include "tests/host/check.h"
#include <sanitizer/asan_interface.h>

#define KEPT 128

void __real_slab_free(struct slab_cache *cache, void *object);
void __wrap_slab_free(struct slab_cache *cache, void *object);
void __real_kfree(void *memory);
void __wrap_kfree(void *memory);

struct freed {
    struct slab_cache *cache;
    void *object;
};
static struct freed kept[KEPT]; // the oldest at `next`
static unsigned next;

void __wrap_slab_free(struct slab_cache *cache, void *object)
{
    CHECK(!__asan_address_is_poisoned(object) && "freed twice");
    struct freed oldest = kept[next];
    kept[next] = (struct freed){cache, object};
    next = (next + 1) % KEPT;
    ASAN_POISON_MEMORY_REGION(object, cache->object_bytes);
    if (!oldest.object)
        return;
    ASAN_UNPOISON_MEMORY_REGION(oldest.object, oldest.cache->object_bytes);
    __real_slab_free(oldest.cache, oldest.object); // last: it takes a lock, and then others may run
}

void __wrap_kfree(void *memory)
{
    struct slab_cache *cache = memory ? frame_of(memory)->slab.cache : NULL;
    if (cache && cache->object_bytes > 0)
        __wrap_slab_free(cache, memory);
    else
        __real_kfree(memory);
}
