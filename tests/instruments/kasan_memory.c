// SPDX-License-Identifier: MIT
//
// What may be used of the memory that allocators hand out and take back: of a slab the objects in use, of free frames
// nothing. Stands between the allocators and their callers (--wrap), called as what it stands for. Whether a call
// within one file comes by here depends on the linker: nothing here depends on it.

#include "tests/instruments/kasan.h"

#include "arch/thread.h"
#include "lib/log.h"
#include "lib/radix.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define CALLER        __builtin_return_address(0)
#define SLAB_RED_ZONE 16 // bytes behind each object that nobody may use
#define CACHES_MOST   64

// --- frames -------------------------------------------------------------------------------------------------

static size_t block_bytes(const struct frame *block)
{
    return PAGE_SIZE << block->order;
}

static void never_allocated(struct frame *block)
{
    shadow_fill(frame_memory(block), block_bytes(block), FRAME_NEVER);
}

void __real_frame_init(void);
void __wrap_frame_init(void);
void __wrap_frame_init(void)
{
    __real_frame_init();
    frame_for_each_free(never_allocated);
}

struct frame *__real_frame_alloc(enum frame_kind kind, unsigned order, unsigned alloc_flags);
struct frame *__wrap_frame_alloc(enum frame_kind kind, unsigned order, unsigned alloc_flags);
struct frame *__wrap_frame_alloc(enum frame_kind kind, unsigned order, unsigned alloc_flags)
{
    struct frame *block = __real_frame_alloc(kind, order, alloc_flags);
    if (!block && !alloc_failed() && quarantine_flush())
        block = __real_frame_alloc(kind, order, alloc_flags);
    if (block)
        shadow_fill(frame_memory(block), block_bytes(block), 0);
    return block;
}

void __wrap_frame_free(struct frame *frame);
void __wrap_frame_free(struct frame *frame)
{
    shadow_fill(frame_memory(frame), block_bytes(frame), FRAME_FREED);
    quarantine_put(frame);
}

void __wrap_frame_put(struct frame *frame);
void __wrap_frame_put(struct frame *frame)
{
    if (frame_drop(frame))
        frame_free(frame);
}

// --- slabs --------------------------------------------------------------------------------------------------

// mm/slab.c calls this one instead: for a slab (not zeroed), none of whose objects is in use yet, or a block.
struct frame *kasan_slab_frame(enum frame_kind kind, unsigned order, unsigned alloc_flags);
struct frame *kasan_slab_frame(enum frame_kind kind, unsigned order, unsigned alloc_flags)
{
    struct frame *block = frame_alloc_reclaim(kind, order, alloc_flags);
    if (block)
        shadow_fill(frame_memory(block), block_bytes(block), SLAB_NEVER);
    return block;
}

// Objects of a cache get their red zone before the first of them is made: until then the cache is on no list.
static void widen_once(struct slab_cache *cache)
{
    static struct spinlock lock = SPINLOCK_INIT(RANK_SLAB);
    static const struct slab_cache *widened[CACHES_MOST];
    static unsigned count;
    unsigned i = 0;
    if (cache->node.next)
        return;
    spin_lock(&lock);
    while (i < count && widened[i] != cache)
        i++;
    if (i == CACHES_MOST)
        panic("kasan: CACHES_MOST is too small");
    if (i == count) {
        widened[count++] = cache;
        cache->object_bytes += SLAB_RED_ZONE;
    }
    spin_unlock(&lock);
}

void *__real_slab_alloc(struct slab_cache *cache);
void *__wrap_slab_alloc(struct slab_cache *cache);
void *__wrap_slab_alloc(struct slab_cache *cache)
{
    widen_once(cache);
    void *object = __real_slab_alloc(cache);
    if (object)
        shadow_split(object, cache->object_bytes - SLAB_RED_ZONE, cache->object_bytes, SLAB_BEHIND);
    return object;
}

void __real_slab_free(struct slab_cache *cache, void *object);
void __wrap_slab_free(struct slab_cache *cache, void *object);
void __wrap_slab_free(struct slab_cache *cache, void *object)
{
    kasan_check_free(object, CALLER);
    shadow_fill(object, cache->object_bytes, SLAB_FREED);
    __real_slab_free(cache, object);
}

void *__real_kmalloc(size_t bytes);
void *__wrap_kmalloc(size_t bytes);
void *__wrap_kmalloc(size_t bytes)
{
    bool zone = bytes <= TABLE_SPAN - SLAB_RED_ZONE; // the largest blocks go without
    void *memory = __real_kmalloc(zone ? bytes + SLAB_RED_ZONE : bytes);
    if (!memory)
        return NULL;
    const struct frame *frame = frame_of(memory);
    size_t room = frame->slab.cache->object_bytes;
    shadow_split(memory, bytes, room ? room : block_bytes(frame), SLAB_BEHIND);
    return memory;
}

void __real_kfree(void *memory);
void __wrap_kfree(void *memory);
void __wrap_kfree(void *memory)
{
    struct slab_cache *cache = memory ? frame_of(memory)->slab.cache : NULL;
    if (memory)
        kasan_check_free(memory, CALLER);
    if (cache && cache->object_bytes)
        slab_free(cache, memory);
    else
        __real_kfree(memory); // a block: to frame_put()
}

void __real_slab_init(void);
void __wrap_slab_init(void);
void __wrap_slab_init(void)
{
    __real_slab_init();
    radix_set_allocator(kmalloc, kfree); // those of this file
}

// --- kernel stacks ------------------------------------------------------------------------------------------

void *__real_kernel_stack_alloc(void);
void __real_kernel_stack_free(void *top);
void *__wrap_kernel_stack_alloc(void);
void *__wrap_kernel_stack_alloc(void)
{
    char *top = __real_kernel_stack_alloc();
    for (unsigned tries = 0; top && !shadow_has_stack(top); tries++) {
        __real_kernel_stack_free(top);
        kernel_stacks_reclaim(UINT32_MAX); // or this one is kept, and comes again
        top = tries == 0 ? __real_kernel_stack_alloc() : NULL;
    }
    if (top)
        shadow_fill(top - KERNEL_STACK_BYTES, KERNEL_STACK_BYTES, 0);
    return top;
}

void __wrap_kernel_stack_free(void *top);
void __wrap_kernel_stack_free(void *top)
{
    shadow_fill((char *)top - KERNEL_STACK_BYTES, KERNEL_STACK_BYTES, STACK_FREED);
    __real_kernel_stack_free(top);
}
