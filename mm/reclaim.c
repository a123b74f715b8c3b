// SPDX-License-Identifier: MIT
//
// When memory runs out: drop page cache that is clean and that nobody else holds. A clock over all objects
// and their pages: a page used since the hand last came by is passed over once.
//
// Called by every allocation that may be made with sleep locks held. It takes objects' locks only by trylock,
// waits for nobody and writes nothing back, so it can deadlock with no one; dirty pages wait for their sync.

#include "mm/frame.h"
#include "mm/object.h"

#define RECLAIM_PAGES 32 // at a time

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

struct frame *frame_alloc_reclaim(enum frame_kind kind, unsigned order, unsigned alloc_flags)
{
    for (;;) {
        struct frame *frame = frame_alloc(kind, order, alloc_flags);
        if (frame || vm_objects_reclaim(RECLAIM_PAGES << order) == 0)
            return frame;
    }
}
