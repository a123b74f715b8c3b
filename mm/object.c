// SPDX-License-Identifier: MIT
//
// Objects: the index of cached pages, filling each once, writing back, truncating.
//
//   absent --insert--> BUSY --fill--> cached <--write--> dirty --sync--> BUSY --write_back--> cached
//                        \--error--> out of the index                  (resize, reclaim: out of the index)
//
// The object's mutex guards the index and every setting of BUSY; it is never held over I/O. BUSY is the lock
// of one page's contents during I/O; whoever wants the page sleeps on the object's queue. A page leaves
// the index only when it is not BUSY.
//
// Truncation against faults. A fault gets the page (with a reference) and only later, under the leaf lock,
// installs it; truncation may come in between. Truncation stores cache.object = NULL first and then visits the
// leaf of every listed region under that leaf's lock; the fault checks cache.object under the same lock.
// Whoever takes the lock second sees what the first one did: either truncation finds the leaf and clears it,
// or the fault finds the NULL and starts again. That the check itself takes no lock is sound because the
// caller's reference keeps the frame what it is (R3), and a frame never returns to an index it has left.

#include "mm/object.h"
#include "lib/assert.h"
#include "uapi/errno.h"

struct list_node vm_objects = LIST_INIT(vm_objects);
struct spinlock vm_objects_lock = SPINLOCK_INIT(RANK_SPACES);
_Atomic size_t vm_cached_pages, vm_dirty_pages;

// --- BUSY -------------------------------------------------------------------------------------------------

static bool has_flag(const struct frame *frame, unsigned flag)
{
    return atomic_load_explicit(&frame->flags, memory_order_acquire) & flag;
}

static void clear_busy(struct vm_object *object, struct frame *frame)
{
    atomic_fetch_and_explicit(&frame->flags, (uint16_t)~FRAME_BUSY, memory_order_release);
    wake_all(&object->not_busy);
}

static void wait_while_busy(struct vm_object *object, struct frame *frame)
{
    wait_event(&object->not_busy, !has_flag(frame, FRAME_BUSY));
}

// --- the index: all with object->lock held ----------------------------------------------------------------

static int index_page(struct vm_object *object, uint64_t index, struct frame *frame, unsigned flags)
{
    int error = radix_insert(&object->pages, index, frame);
    if (error)
        return error;
    frame_get(frame);
    frame->cache.index = index;
    atomic_store_explicit(&frame->cache.object, object, memory_order_relaxed);
    atomic_store_explicit(&frame->flags, (uint16_t)flags, memory_order_relaxed);
    atomic_fetch_add_explicit(&vm_cached_pages, 1, memory_order_relaxed);
    return 0;
}

// Dirty pages count that can be written back; those of shared memory are dirty for as long as they live.
static void mark_clean(const struct vm_object *object, struct frame *frame)
{
    if ((atomic_fetch_and_explicit(&frame->flags, (uint16_t)~FRAME_DIRTY, memory_order_acq_rel) & FRAME_DIRTY) &&
        object->ops->write_back)
        atomic_fetch_sub_explicit(&vm_dirty_pages, 1, memory_order_relaxed);
}

static void unindex_page(struct vm_object *object, struct frame *frame)
{
    radix_remove(&object->pages, frame->cache.index);
    atomic_store_explicit(&frame->cache.object, NULL, memory_order_release);
    mark_clean(object, frame);
    atomic_fetch_sub_explicit(&vm_cached_pages, 1, memory_order_relaxed);
    frame_put(frame);
}

bool vm_object_indexes(const struct vm_object *object, uint64_t index, const struct frame *frame)
{
    return atomic_load_explicit(&frame->cache.object, memory_order_acquire) == object && frame->cache.index == index;
}

// --- getting pages ----------------------------------------------------------------------------------------

// The page in the index, with a reference; where there is none, `fresh`, BUSY if it is to be filled, becomes it.
// => holds object->lock. -ENXIO: beyond the end; -ENOMEM: no `fresh`, or no memory for the index
static int find_or_insert(struct vm_object *object, uint64_t index, struct frame *fresh, bool fill, struct frame **out)
{
    struct frame *frame = radix_lookup(&object->pages, index);
    if (!frame && index >= object->size_pages)
        return -ENXIO;
    int error = frame ? 0 : fresh ? index_page(object, index, fresh, fill ? FRAME_BUSY : 0) : -ENOMEM;
    if (error)
        return error;
    *out = frame ? frame : fresh;
    frame_get(*out);
    atomic_fetch_or_explicit(&(*out)->flags, FRAME_REFERENCED, memory_order_relaxed);
    return 0;
}

// A page that we inserted BUSY. On failure it leaves the index again, and those who waited for it try for themselves.
static int fill_page(struct vm_object *object, struct frame *frame)
{
    int error = object->ops->fill(object, frame->cache.index, frame);
    if (error) {
        mutex_lock(&object->lock);
        unindex_page(object, frame);
        mutex_unlock(&object->lock);
    }
    clear_busy(object, frame);
    return error;
}

// => -EAGAIN: truncated, or could not be filled, while we waited
static int try_get(struct vm_object *object, uint64_t index, struct frame *fresh, bool fill, struct frame **out)
{
    mutex_lock(&object->lock);
    int error = find_or_insert(object, index, fresh, fill, out);
    mutex_unlock(&object->lock);
    if (error)
        return error;
    if (*out == fresh && fill)
        error = fill_page(object, fresh);
    wait_while_busy(object, *out);
    if (!error && !vm_object_indexes(object, index, *out))
        error = -EAGAIN;
    if (error)
        frame_let_go(out);
    return error;
}

// Looks first without a new frame, then with one: nothing is allocated for what is there or beyond the end.
int vm_object_get(struct vm_object *object, uint64_t index, bool fill, struct frame **out)
{
    struct frame *fresh = NULL;
    int error;
    while ((error = try_get(object, index, fresh, fill, out)) == -EAGAIN || (error == -ENOMEM && !fresh)) {
        frame_let_go(&fresh); // it may have been in the index, and does not go there twice
        if (error == -ENOMEM && !(fresh = frame_alloc_reclaim(FRAME_CACHE, 0, fill ? 0 : ALLOC_ZERO)))
            break;
    }
    frame_let_go(&fresh);
    return error;
}

void vm_object_peek_range(struct vm_object *object, uint64_t first, unsigned count, struct frame *frames[])
{
    mutex_lock(&object->lock);
    for (unsigned i = 0; i < count; i++) {
        struct frame *frame = radix_lookup(&object->pages, first + i);
        if (frame && !has_flag(frame, FRAME_BUSY)) {
            frame_get(frame);
            frames[i] = frame;
        }
    }
    mutex_unlock(&object->lock);
}

// --- dirty pages ------------------------------------------------------------------------------------------

void vm_object_mark_dirty(struct vm_object *object, struct frame *frame)
{
    mutex_lock(&object->lock);
    if (vm_object_indexes(object, frame->cache.index, frame) &&
        !(atomic_fetch_or_explicit(&frame->flags, FRAME_DIRTY, memory_order_acq_rel) & FRAME_DIRTY) &&
        object->ops->write_back)
        atomic_fetch_add_explicit(&vm_dirty_pages, 1, memory_order_relaxed);
    mutex_unlock(&object->lock);
}

// The first page at or after *index that is dirty or BUSY, with a reference; NULL: no more. A dirty one comes
// marked clean, BUSY and nowhere writable, *to_write: what is written to it from now on makes it dirty again.
static struct frame *next_to_sync(struct vm_object *object, uint64_t *index, bool *to_write)
{
    mutex_lock(&object->lock);
    struct frame *frame;
    for (; (frame = radix_next(&object->pages, index)); (*index)++)
        if (has_flag(frame, FRAME_DIRTY | FRAME_BUSY))
            break;
    if (frame) {
        frame_get(frame);
        *to_write = !has_flag(frame, FRAME_BUSY);
        if (*to_write) {
            mark_clean(object, frame);
            atomic_fetch_or_explicit(&frame->flags, FRAME_BUSY, memory_order_acquire);
            vm_object_protect_page(object, frame);
        }
    }
    mutex_unlock(&object->lock);
    return frame;
}

int vm_object_sync(struct vm_object *object)
{
    if (!object->ops->write_back)
        return 0;
    struct frame *frame;
    uint64_t index = 0;
    int first_error = 0;
    for (bool to_write; (frame = next_to_sync(object, &index, &to_write)); frame_put(frame)) {
        if (!to_write) { // somebody else's I/O: what it leaves dirty is ours, so look again
            wait_while_busy(object, frame);
            continue;
        }
        int error = object->ops->write_back(object, index++, frame);
        if (error)
            vm_object_mark_dirty(object, frame);
        first_error = first_error ? first_error : error;
        clear_busy(object, frame);
    }
    return first_error;
}

// --- truncation -------------------------------------------------------------------------------------------

// => holds object->lock, let go while a page's I/O ends: the device must be done with a block before the file
// system gives it to somebody else
static void unindex_from(struct vm_object *object, uint64_t first_page) REQUIRES(&object->lock.lock)
{
    struct frame *frame;
    for (uint64_t index = first_page; (frame = radix_next(&object->pages, &index)); index = first_page) {
        if (!has_flag(frame, FRAME_BUSY)) {
            unindex_page(object, frame);
            continue;
        }
        frame_get(frame);
        mutex_unlock(&object->lock);
        wait_while_busy(object, frame);
        frame_put(frame);
        mutex_lock(&object->lock);
    }
}

void vm_object_resize(struct vm_object *object, uint64_t size_pages)
{
    mutex_lock(&object->lock);
    bool shrinks = size_pages < object->size_pages;
    object->size_pages = size_pages;
    if (shrinks) {
        unindex_from(object, size_pages);
        vm_object_unmap_from(object, size_pages);
    }
    mutex_unlock(&object->lock);
}

// --- all objects ------------------------------------------------------------------------------------------

void vm_object_init(struct vm_object *object, const struct vm_object_ops *ops, void *owner,
                    uint64_t size_pages, enum lock_rank rank)
{
    static _Atomic uint64_t objects_made;
    *object = (struct vm_object){.ops = ops, .owner = owner, .size_pages = size_pages, .serial = ++objects_made};
    mutex_init(&object->lock, rank);
    wait_queue_init(&object->not_busy);
    list_init(&object->regions);
    spin_lock(&vm_objects_lock);
    list_push_back(&vm_objects, &object->node);
    spin_unlock(&vm_objects_lock);
}

// Off the list first: then nobody new finds it, and taking its lock waits for a reclaim that already has.
void vm_object_destroy(struct vm_object *object)
{
    ASSERT(list_empty(&object->regions));
    spin_lock(&vm_objects_lock);
    list_remove(&object->node);
    spin_unlock(&vm_objects_lock);
    mutex_lock(&object->lock);
    unindex_from(object, 0);
    mutex_unlock(&object->lock);
}

size_t vm_object_reclaim(struct vm_object *object, size_t most)
{
    size_t dropped = 0;
    struct frame *frame = NULL;
    uint64_t index = object->reclaim_hand;
    for (; dropped < most && (frame = radix_next(&object->pages, &index)); index++) {
        uint16_t keep = FRAME_BUSY | FRAME_DIRTY | FRAME_REFERENCED;
        uint16_t flags = atomic_fetch_and_explicit(&frame->flags, (uint16_t)~FRAME_REFERENCED, memory_order_relaxed);
        // Only the index holds it, and only through the index, whose lock we hold, could it be found (R2).
        if (!(flags & keep) && atomic_load_explicit(&frame->refs, memory_order_acquire) == 1) {
            unindex_page(object, frame);
            dropped++;
        }
    }
    object->reclaim_hand = frame ? index : 0;
    return dropped;
}
