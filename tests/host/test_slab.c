// SPDX-License-Identifier: MIT
//
// Slabs and kmalloc against an oracle: contents survive, nothing overlaps, memory comes back to the last
// frame; misuse stops the kernel; running out gives NULL.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include <string.h>

static size_t used_objects;

static void add_up(void *context, const struct slab_cache *cache)
{
    (void)context;
    used_objects += cache->objects;
}

static void count_all(void)
{
    used_objects = 0;
    slab_for_each(add_up, NULL);
}

static void random_sizes(void)
{
    static struct {
        uint8_t *memory;
        size_t bytes;
        uint8_t fill;
    } live[600];
    count_all();
    size_t objects = used_objects, free = frame_free_count(), count = 0;
    for (unsigned step = 0; step < 40000; step++) {
        if (count < 600 && fake_random(2)) {
            size_t bytes = fake_random(20) ? fake_random(600) : fake_random(40000);
            uint8_t *memory = kmalloc(bytes);
            if (!memory)
                continue;
            for (size_t i = 0; i < bytes; i++)
                CHECK(memory[i] == 0);
            CHECK(((uintptr_t)memory & 7) == 0);
            live[count].memory = memory;
            live[count].bytes = bytes;
            live[count].fill = (uint8_t)step;
            memset(memory, (uint8_t)step, bytes);
            count++;
        } else if (count) {
            size_t pick = fake_random((unsigned)count);
            for (size_t i = 0; i < live[pick].bytes; i++)
                CHECK(live[pick].memory[i] == live[pick].fill);
            kfree(live[pick].memory);
            live[pick] = live[--count];
        }
        count_all();
        CHECK(used_objects == objects + count);
        if (step % 2000 == 0)
            fake_audit();
    }
    while (count)
        kfree(live[--count].memory);
    kfree(NULL);
    count_all();
    CHECK(used_objects == objects && frame_free_count() == free);
    fake_audit();
}

static void odd_sizes(void)
{
    struct odd {
        uint8_t bytes[1000];
    };
    static struct slab_cache cache = SLAB_CACHE("odd", struct odd), tiny = {
        .name = "tiny", .object_bytes = 8, .lock = SPINLOCK_INIT(RANK_SLAB)};
    size_t free = frame_free_count();
    struct odd *four[5];
    for (unsigned i = 0; i < 5; i++)
        memset(four[i] = slab_alloc(&cache), (int)i, sizeof(struct odd));
    CHECK(cache.objects == 5 && free - frame_free_count() == 2);
    for (unsigned i = 0; i < 5; i++) {
        for (unsigned k = 0; k < 1000; k++)
            CHECK(four[i]->bytes[k] == i);
        slab_free(&cache, four[i]);
    }
    uint8_t *bytes[1024];
    for (unsigned i = 0; i < 1024; i++)
        *(bytes[i] = slab_alloc(&tiny)) = (uint8_t)i;
    CHECK(free - frame_free_count() == 2);
    for (unsigned i = 0; i < 1024; i++) {
        CHECK(*bytes[i] == (uint8_t)i);
        slab_free(&tiny, bytes[i]);
    }
    CHECK(cache.objects == 0 && tiny.objects == 0 && frame_free_count() == free);
}

static void out_of_memory(void)
{
    size_t free = frame_free_count();
    static void *all[4096];
    size_t count = 0;
    while ((all[count] = kmalloc(4096)))
        count++;
    CHECK(count == free && !kmalloc(100000) && !kmalloc(2u << 20) && !kmalloc((2u << 20) + 1));
    void *small = kmalloc(2048);
    CHECK(!small); // its cache has no slab: no frame for one
    while (count)
        kfree(all[--count]);
    CHECK(frame_free_count() == free);
}

// What was freed last is used again last.
static void take_all(size_t bytes)
{
    while (kmalloc(bytes))
        ;
}

static void misuse(void)
{
    void *keep = kmalloc(100), *object = kmalloc(100);
    struct slab_cache other = SLAB_CACHE("other", uint64_t);
    CHECK(PANICS(kfree((uint8_t *)keep + 8), "none of its objects"));
    CHECK(PANICS(slab_free(&other, keep), "none of its objects"));
    kfree(object);
    ((uint8_t *)object)[50] = 1;
    CHECK(PANICS(take_all(100), "written after it was freed"));
    kfree(keep);
    CHECK(PANICS(kfree(keep), "freed twice"));
}

int main(void)
{
    fake_mm_boot(1);
    TEST(random_sizes);
    TEST(odd_sizes);
    TEST(out_of_memory);
    TEST(misuse); // last: it leaves ruins
}
