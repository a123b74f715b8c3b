// SPDX-License-Identifier: MIT
//
// See fake_fs_mm.h.

#include "tests/host/fake_fs_mm.h"
#include "lib/string.h"
#include "mm/audit.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"
#include "uapi/errno.h"

#include <sanitizer/asan_interface.h>

size_t fake_frames_in_use, fake_objects_in_use;
unsigned fake_fail_allocation, fake_fault_ins;
void (*fake_before_bad_copy)(void);
uint64_t fake_absent_start, fake_absent_end;
_Atomic size_t vm_dirty_pages;

static bool fails(void)
{
    return fake_fail_allocation && --fake_fail_allocation == 0;
}

// --- frames and slabs -------------------------------------------------------------------------------------

// RAM of its own, of which each frame is used once: what is used after it was freed is poisoned.
#define FAKE_FRAMES 65536
static struct frame records[FAKE_FRAMES];
static _Alignas(PAGE_SIZE) uint8_t memory[FAKE_FRAMES][PAGE_SIZE];
struct frame_span frame_span = {.pages = FAKE_FRAMES, .records = records, .memory = memory[0], .usable_pages = 4096};

struct frame *frame_alloc_reclaim(enum frame_kind kind, unsigned order, unsigned flags)
{
    static unsigned used;
    CHECK(order == 0 && used < FAKE_FRAMES);
    assert_no_spinlocks("frame_alloc_reclaim");
    if (fails())
        return NULL;
    struct frame *frame = &records[used++];
    memset(frame_memory(frame), flags & ALLOC_ZERO ? 0 : 0xa5, PAGE_SIZE);
    *frame = (struct frame){.refs = 1, .kind = (uint8_t)kind};
    fake_frames_in_use++;
    return frame;
}

void frame_count_is_odd(struct frame *frame, uint32_t before)
{
    (void)frame;
    CHECK(before > 0);
}

void frame_put(struct frame *frame)
{
    if (!frame_drop(frame))
        return;
    fake_frames_in_use--;
    ASAN_POISON_MEMORY_REGION(frame_memory(frame), PAGE_SIZE);
}

void *kmalloc(size_t bytes)
{
    void *memory = fails() ? NULL : calloc(1, bytes);
    fake_objects_in_use += memory != NULL;
    return memory;
}

void kfree(void *memory)
{
    fake_objects_in_use -= memory != NULL;
    free(memory);
}

void *slab_alloc(struct slab_cache *cache)
{
    return kmalloc(cache->object_bytes);
}

void slab_free(struct slab_cache *cache, void *object)
{
    (void)cache;
    kfree(object);
}

void audit_add_source(void (*walk)(void))
{
    (void)walk;
}

// --- user memory --------------------------------------------------------------------------------------------

static bool bad(user_ptr_t pointer, size_t bytes)
{
    return bytes && pointer.address < PAGE_SIZE;
}

int copy_from_user(void *destination, user_ptr_t source, size_t bytes)
{
    assert_no_spinlocks("a copy that may fault");
    fake_yield();
    if (bad(source, bytes))
        return -EFAULT;
    memcpy(destination, (void *)(uintptr_t)source.address, bytes);
    return 0;
}

int copy_to_user(user_ptr_t destination, const void *source, size_t bytes)
{
    assert_no_spinlocks("a copy that may fault");
    fake_yield();
    if (bad(destination, bytes) && fake_before_bad_copy)
        fake_before_bad_copy();
    if (bad(destination, bytes))
        return -EFAULT;
    memcpy((void *)(uintptr_t)destination.address, source, bytes);
    return 0;
}

int clear_user(user_ptr_t destination, size_t bytes)
{
    if (bad(destination, bytes))
        return -EFAULT;
    memset((void *)(uintptr_t)destination.address, 0, bytes);
    return 0;
}

int64_t copy_string_from_user(char *destination, user_ptr_t source, size_t bytes)
{
    if (bad(source, 1))
        return -EFAULT;
    size_t length = strnlen((char *)(uintptr_t)source.address, bytes);
    if (length == bytes)
        return -ENAMETOOLONG;
    memcpy(destination, (void *)(uintptr_t)source.address, length + 1);
    return (int64_t)length;
}

size_t copy_from_user_nofault(void *destination, user_ptr_t source, size_t bytes)
{
    if (bad(source, bytes))
        return bytes;
    size_t there = bytes;
    if (source.address < fake_absent_end && source.address + bytes > fake_absent_start)
        there = source.address < fake_absent_start ? fake_absent_start - source.address : 0;
    memcpy(destination, (void *)(uintptr_t)source.address, there);
    return bytes - there;
}

int fault_in_readable(user_ptr_t source, size_t bytes)
{
    fake_yield();
    if (bad(source, bytes))
        return -EFAULT;
    if (source.address >= fake_absent_start && source.address < fake_absent_end) {
        fake_absent_start = (source.address | PAGE_MASK) + 1; // one page comes in
        fake_fault_ins++;
    }
    return 0;
}

// --- objects ------------------------------------------------------------------------------------------------

void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops, void *owner, uint64_t size_pages,
                    enum lock_rank rank)
{
    *object = (struct vm_object){.ops = ops, .owner = owner, .size_pages = size_pages};
    mutex_init(&object->lock, rank);
}

int vm_object_get(struct vm_object *object, uint64_t index, bool fill, struct frame **out)
{
    mutex_lock(&object->lock);
    int error = index >= object->size_pages ? -ENXIO : 0;
    struct frame *frame = error ? NULL : radix_lookup(&object->pages, index);
    if (!frame && !error) {
        frame = frame_alloc_reclaim(FRAME_CACHE, 0, ALLOC_ZERO);
        error = !frame ? -ENOMEM : fill ? object->ops->fill(object, index, frame) : 0;
        if (!error)
            error = radix_insert(&object->pages, index, frame);
        if (error && frame)
            frame_put(frame);
    }
    if (!error)
        frame_get(*out = frame);
    mutex_unlock(&object->lock);
    return error;
}

bool vm_object_indexes(const struct vm_object *object, uint64_t index, const struct frame *frame)
{
    return radix_lookup(&object->pages, index) == frame;
}

void vm_object_mark_dirty(struct vm_object *object, struct frame *frame)
{
    (void)object;
    vm_dirty_pages += !(frame->flags & FRAME_DIRTY);
    frame->flags |= FRAME_DIRTY;
}

static void clean(struct frame *frame)
{
    vm_dirty_pages -= frame->flags & FRAME_DIRTY ? 1 : 0;
    frame->flags &= (uint16_t)~FRAME_DIRTY;
}

int vm_object_sync(struct vm_object *object)
{
    uint64_t index = 0;
    int error = 0;
    mutex_lock(&object->lock);
    for (struct frame *frame; !error && (frame = radix_next(&object->pages, &index)); index++) {
        if (!(frame->flags & FRAME_DIRTY))
            continue;
        error = object->ops->write_back(object, index, frame);
        if (!error)
            clean(frame);
    }
    mutex_unlock(&object->lock);
    return error;
}

void vm_object_resize(struct vm_object *object, uint64_t size_pages)
{
    uint64_t index = size_pages;
    mutex_lock(&object->lock);
    for (struct frame *frame; (frame = radix_next(&object->pages, &index)); index++) {
        radix_remove(&object->pages, index);
        clean(frame);
        frame_put(frame);
    }
    object->size_pages = size_pages;
    mutex_unlock(&object->lock);
}

void vm_object_destroy(struct vm_object *object)
{
    vm_object_resize(object, 0);
}

