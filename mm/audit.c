// SPDX-License-Identifier: MIT
//
// The recount. One 32-bit counter per frame; every holder of R1's closed list is visited and adds one to the
// counters of what it holds; then each count must equal its counter:
//
//   leaf entries, upper entries   all spaces, by arch/pagetable.h        object indexes   all objects
//   free lists                    mm/frame.c                             slabs, kmalloc   the frames' records
//   stacks, rings, pipe pages     sources that their owners register
//
// What is seen when the other harts are stopped. They stop in the handler of an IPI, with interrupts on until
// then; so none of them holds a spin lock (those are held with interrupts off), and whatever changes under spin
// locks only (lists of spaces and objects, upper tables, leaves, free lists, slabs) is whole and may even be
// locked. What changes under a sleep lock may be half-changed: an object's index, under its mutex. When that is
// held by anybody, stopped or asleep, the try is void and is repeated a little later. Region trees are not
// looked at. A space that is being torn down has left the list before.
//
// References on the way (a fault's spare, a batch being flushed, a page being filled) have holders that nobody
// can list. They land in no time; so a frame counts as wrong only if it was wrong in every one of several tries.

#include "mm/audit.h"
#include "arch/cpu.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/space.h"
#include "uapi/errno.h"

#define TRIES          8
#define ATTEMPTS_MOST  64 // with the void ones
#define PAUSE_NS       10000000
#define CHUNK_COUNTERS (PAGE_SIZE / sizeof(uint32_t))
#define SUSPECT        ((uint32_t)1 << 31) // in a counter: wrong in every try so far

struct audit {
    uint32_t **chunks; // one page of counters each; kmalloc'ed, so they are found like everything else
    size_t chunk_count;
    size_t slab_frames, slab_objects; // as the frames' records say
    bool disturbed;                   // an object was locked
    unsigned suspects;
};

static struct list_node sources = LIST_INIT(sources);

void audit_add_source(struct audit_source *source)
{
    list_push_back(&sources, &source->node);
}

static uint32_t *counter(struct audit *audit, uint64_t number)
{
    return &audit->chunks[number / CHUNK_COUNTERS][number % CHUNK_COUNTERS];
}

void audit_found(struct audit *audit, struct frame *frame)
{
    ++*counter(audit, frame_number(frame));
}

// --- the holders ------------------------------------------------------------------------------------------

static void find_table(void *audit, struct frame *table, unsigned level)
{
    (void)level;
    audit_found(audit, table);
}

static void find_leaf(void *audit, vaddr_t va, const struct pt_leaf *leaf)
{
    (void)va;
    audit_found(audit, leaf->frame);
}

static void find_space(struct audit *audit, struct vm_space *space)
{
    pt_for_each_table(&space->pt, find_table, audit);
    pt_for_each_leaf(&space->pt, 0, USER_END, find_leaf, audit);
}

static void find_object(struct audit *audit, struct vm_object *object)
{
    struct frame *frame;
    if (rwlock_held(&object->lock.lock))
        audit->disturbed = true;
    else
        for (uint64_t index = 0; (frame = radix_next(&object->pages, &index)); index++)
            audit_found(audit, frame);
}

static void find_free_block(void *audit, struct frame *block)
{
    audit_found(audit, block);
}

// A slab's page names its cache; that the cache agrees on how many there are is checked by the sums.
static void find_slabs(struct audit *audit)
{
    struct frame *frame;
    audit->slab_frames = audit->slab_objects = 0;
    for (uint64_t number = 0; number < frame_total_count(); number += (uint64_t)1 << frame->order) {
        frame = frame_by_number(number);
        if (frame->kind != FRAME_KERNEL || !frame->slab.cache)
            continue;
        audit_found(audit, frame);
        audit->slab_frames++;
        audit->slab_objects += frame->slab.used;
    }
}

static void subtract_cache(void *context, const struct slab_cache *cache)
{
    struct audit *audit = context;
    audit->slab_frames -= cache->slabs;
    audit->slab_objects -= cache->objects;
}

// --- comparing --------------------------------------------------------------------------------------------

// Is the record of a block consistent with what was found? Records behind the first must not be named at all.
static bool block_is_right(struct audit *audit, uint64_t number, const struct frame *frame)
{
    uint32_t refs = atomic_load_explicit(&frame->refs, memory_order_relaxed);
    uint32_t found = *counter(audit, number) & ~SUSPECT;
    if (refs > FRAME_REFS_MAX)
        return true;
    for (uint64_t tail = number + 1; tail < number + ((uint64_t)1 << frame->order); tail++)
        if (*counter(audit, tail) & ~SUSPECT)
            return false;
    return frame->kind == FRAME_FREE ? refs == 0 && found == 1 : refs == found && refs > 0;
}

// Counts, compares, and leaves SUSPECT on what was wrong now and before. => the other harts are stopped
static void recount(struct audit *audit, bool first)
{
    for (uint64_t number = 0; number < frame_total_count(); number++)
        *counter(audit, number) &= SUSPECT;
    audit->disturbed = false;
    list_for_each(node, &vm_spaces)
        find_space(audit, container_of(node, struct vm_space, node));
    list_for_each(node, &vm_objects)
        find_object(audit, container_of(node, struct vm_object, node));
    frame_for_each_free(find_free_block, audit);
    find_slabs(audit);
    list_for_each(node, &sources)
        container_of(node, struct audit_source, node)->walk(audit);
    if (audit->disturbed)
        return;

    slab_for_each(subtract_cache, audit);
    audit->suspects = audit->slab_frames || audit->slab_objects;
    for (uint64_t number = 0; number < frame_total_count();) {
        const struct frame *frame = frame_by_number(number);
        uint32_t *mark = counter(audit, number);
        bool wrong = !block_is_right(audit, number, frame) && (first || *mark & SUSPECT);
        *mark = wrong ? *mark | SUSPECT : *mark & ~SUSPECT;
        audit->suspects += wrong;
        number += (uint64_t)1 << frame->order;
    }
}

static void print_suspects(struct audit *audit, struct text *report)
{
    if (audit->slab_frames || audit->slab_objects)
        text_append(report, "slabs: %ld pages, %ld objects more than their caches say\n",
                    (long)audit->slab_frames, (long)audit->slab_objects);
    for (uint64_t number = 0; number < frame_total_count(); number++) {
        const struct frame *frame = frame_by_number(number);
        uint32_t found = *counter(audit, number);
        if (found & SUSPECT)
            text_append(report, "frame %zu, order %u, %s, %p: count %u, found %u\n", (size_t)number, frame->order,
                        frame_kind_name(frame->kind), (void *)(uintptr_t)frame_address(frame),
                        atomic_load_explicit(&frame->refs, memory_order_relaxed), found & ~SUSPECT);
    }
}

// --- the frame around it ----------------------------------------------------------------------------------

static void free_counters(struct audit *audit)
{
    for (size_t i = 0; audit->chunks && i < audit->chunk_count; i++)
        kfree(audit->chunks[i]);
    kfree(audit->chunks);
}

static bool get_counters(struct audit *audit)
{
    audit->chunk_count = (frame_total_count() + CHUNK_COUNTERS - 1) / CHUNK_COUNTERS;
    audit->chunks = kmalloc(audit->chunk_count * sizeof(audit->chunks[0]));
    for (size_t i = 0; audit->chunks && i < audit->chunk_count; i++)
        if (!(audit->chunks[i] = kmalloc(PAGE_SIZE))) {
            free_counters(audit);
            return false;
        }
    return audit->chunks;
}

static int run(struct audit *audit, struct text *report)
{
    static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
    if (!get_counters(audit))
        return -ENOMEM;
    unsigned tries = 0;
    for (unsigned attempts = 0; tries < TRIES && attempts < ATTEMPTS_MOST; attempts++) {
        if (attempts)
            (void)wait_event_interruptible(&nobody, false, sleep_now_ns() + PAUSE_NS);
        harts_stop_others();
        recount(audit, tries == 0);
        harts_resume_others();
        tries += !audit->disturbed;
        if (!audit->disturbed && audit->suspects == 0)
            break;
    }
    if (tries && audit->suspects)
        print_suspects(audit, report);
    free_counters(audit);
    return tries ? (int)audit->suspects : -EBUSY;
}

int mm_audit(struct text *report)
{
    static struct wait_queue queue = WAIT_QUEUE_INIT(queue); // one at a time may stop the harts
    static atomic_bool running;
    wait_event(&queue, !atomic_exchange_explicit(&running, true, memory_order_acquire));
    struct audit audit = {0};
    int result = run(&audit, report);
    atomic_store_explicit(&running, false, memory_order_release);
    wake_all(&queue);
    return result;
}
