// SPDX-License-Identifier: MIT
//
// When memory runs out. Clean page cache that nobody else holds is freed in place by whoever wants memory: a clock over
// all objects, and a page used since the hand last came by is passed over once. All else is the business of two
// threads, woken before the last frame is gone: `pages` needs no sleep lock and no memory, so everybody may wait for
// it; `files` takes locks of files, so only page faults do, who hold none. docs/LOCKING.md, "When memory is short".

#include "mm/reclaim.h"
#include "mm/frame.h"
#include "mm/object.h"

#define PAGES_AT_ONCE 32
#define LOW_FRACTION  32 // of memory: less than that free is little

// --- the clock of the page cache --------------------------------------------------------------------------

// The list is the clock's face and its head the hand: who has been looked at goes to the end. With its mutex
// held an object stays (vm_object_destroy waits for it), so the list's lock need not be.
static size_t reclaim_next(size_t most)
{
    spin_lock(&vm_objects_lock);
    struct list_node *node = list_pop_front(&vm_objects);
    struct vm_object *object = node ? container_of(node, struct vm_object, node) : NULL;
    if (node)
        list_push_back(&vm_objects, node);
    bool locked = object && mutex_trylock(&object->lock);
    spin_unlock(&vm_objects_lock);
    size_t dropped = 0;
    if (locked) {
        dropped = vm_object_reclaim(object, most);
        mutex_unlock(&object->lock);
    }
    return dropped;
}

size_t vm_objects_reclaim(size_t most)
{
    size_t looks = 0, dropped = 0;
    spin_lock(&vm_objects_lock);
    list_for_each(node, &vm_objects)
        looks += 2; // two rounds: the second chance
    spin_unlock(&vm_objects_lock);
    for (; looks && dropped < most; looks--)
        dropped += reclaim_next(most - dropped);
    return dropped;
}

// --- the threads ------------------------------------------------------------------------------------------

struct rounds reclaim_pages = ROUNDS_INIT(reclaim_pages), reclaim_files = ROUNDS_INIT(reclaim_files);

// Files are written and names are dropped only when something is dirty, or the other thread finds nothing any more.
void reclaim_if_low(void)
{
    bool low = frame_free_count() < frame_span.usable_pages / LOW_FRACTION, barren = reclaim_pages.barren;
    if (!low && (barren || reclaim_files.barren))
        reclaim_pages.barren = reclaim_files.barren = false;
    if (low && !barren)
        rounds_ask(&reclaim_pages);
    if (low && !reclaim_files.barren && (barren || vm_dirty_pages))
        rounds_ask(&reclaim_files);
}

struct frame *frame_alloc_reclaim(enum frame_kind kind, unsigned order, unsigned alloc_flags)
{
    struct frame *frame;
    while (!(frame = frame_alloc(kind, order, alloc_flags)))
        if (alloc_failed() || (!vm_objects_reclaim(PAGES_AT_ONCE << order) && !rounds_wait(&reclaim_pages)))
            break;
    reclaim_if_low();
    return frame;
}
