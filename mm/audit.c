// SPDX-License-Identifier: MIT
//
// The recount. Every holder of R1's closed list is visited and adds one to frame.audit of what it holds; then
// each count must equal its counter. Swap slots (mm/swap.h) are counted by their leaves in the same way.
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
#include "lib/assert.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/space.h"
#include "mm/swap.h"
#include "uapi/errno.h"

#define TRIES         8
#define ATTEMPTS_MOST 64 // with the void ones
#define PAUSE_NS      10000000
#define SUSPECT       ((uint32_t)1 << 31) // in frame.audit, above the count: wrong in every try so far

// What one try finds besides; one at a time runs.
static size_t megas, bad_megas; // tables that are 2 MiB pages; that only say so
static bool disturbed;          // an object was locked

#define SOURCES_MOST 8
static void (*sources[SOURCES_MOST])(void);

void audit_add_source(void (*walk)(void))
{
    unsigned i = 0;
    while (sources[i])
        i++;
    ASSERT(i + 1 < SOURCES_MOST);
    sources[i] = walk;
}

void audit_found(struct frame *frame)
{
    frame->audit++;
}

static uint32_t found(const struct frame *frame)
{
    return frame->audit & ~SUSPECT;
}

// Blocks follow each other without gaps: the first record of each.
static struct frame *next_block(struct frame *block)
{
    struct frame *next = block ? block + ((size_t)1 << block->order) : frame_span.records;
    return next < frame_span.records + frame_span.pages ? next : NULL;
}

// --- the holders ------------------------------------------------------------------------------------------

static void find_leaf(void *, vaddr_t, const struct pt_leaf *leaf)
{
    leaf->slot ? swap_audit_found(leaf->slot) : audit_found(leaf->frame);
}

// A leaf table that is lent is named in several spaces; what its leaves hold it holds once (R1).
static void find_table(void *, struct frame *table, unsigned level)
{
    audit_found(table);
    if (level || found(table) > 1)
        return;
    pt_table_leaves(table, find_leaf, NULL);
    bad_megas += !pt_mega_audit(table, &megas);
}

static void find_object(struct vm_object *object)
{
    struct frame *frame;
    if (rwlock_held(&object->lock.lock))
        disturbed = true;
    else
        for (uint64_t index = 0; (frame = radix_next(&object->pages, &index)); index++)
            audit_found(frame);
}

// A slab's page names its cache.
static void find_slabs(void)
{
    for (struct frame *frame = NULL; (frame = next_block(frame));)
        if (frame->kind == FRAME_KERNEL && frame->slab.cache)
            audit_found(frame);
}

// --- comparing --------------------------------------------------------------------------------------------

// Does the record of a block agree with what was found? Records behind the first must not be named at all.
static bool is_right(struct frame *block)
{
    uint32_t refs = atomic_load_explicit(&block->refs, memory_order_relaxed), inside = 0;
    for (struct frame *behind = block + 1; behind < block + ((size_t)1 << block->order); behind++) {
        inside += found(behind);
        behind->audit = 0;
    }
    if (refs > FRAME_REFS_MAX)
        return true;
    return inside == 0 && (block->kind == FRAME_FREE ? refs == 0 && found(block) == 1 : refs && refs == found(block));
}

// Counts, compares, and leaves SUSPECT on what was wrong now and before. => the other harts are stopped
// => returns the number of suspects, saying which swap slots they are if there is a report; -EBUSY: void
static int recount(bool first, struct text *report)
{
    megas = bad_megas = 0;
    disturbed = false;
    for (struct frame *frame = frame_span.records; frame < frame_span.records + frame_span.pages; frame++)
        frame->audit &= first ? 0 : SUSPECT;
    list_for_each(node, &vm_spaces)
        pt_for_each_table(&container_of(node, struct vm_space, node)->pt, find_table, NULL);
    list_for_each(node, &vm_objects)
        find_object(container_of(node, struct vm_object, node));
    frame_for_each_free(audit_found);
    find_slabs();
    for (unsigned i = 0; sources[i]; i++)
        sources[i]();
    int suspects = swap_audit_compare(first, report);
    if (disturbed)
        return -EBUSY;

    suspects += megas != pt_mega_count() || bad_megas;
    for (struct frame *block = NULL; (block = next_block(block));) {
        bool wrong = !is_right(block) && (first || block->audit & SUSPECT);
        block->audit = wrong ? block->audit | SUSPECT : found(block);
        suspects += wrong;
    }
    return suspects;
}

static void print_suspects(struct text *report)
{
    if (megas != pt_mega_count() || bad_megas)
        text_append(report, "2 MiB pages: %zu counted, %zu found, %zu not whole\n", pt_mega_count(), megas, bad_megas);
    for (struct frame *block = NULL; (block = next_block(block));)
        if (block->audit & SUSPECT)
            text_append(report, "frame %zu, order %u, %s, %p: count %u, found %u\n", (size_t)frame_number(block),
                        block->order, frame_kind_name(block->kind), (void *)(uintptr_t)frame_address(block),
                        atomic_load_explicit(&block->refs, memory_order_relaxed), found(block));
}

// --- the tries --------------------------------------------------------------------------------------------

static int run(struct text *report)
{
    static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
    int suspects = -EBUSY;
    for (unsigned tries = 0, attempts = 0; suspects && tries < TRIES && attempts < ATTEMPTS_MOST; attempts++) {
        if (attempts)
            (void)wait_event_interruptible(&nobody, false, clock_ns() + PAUSE_NS);
        harts_stop_others();
        int now = recount(tries == 0, tries == TRIES - 1 ? report : NULL);
        harts_resume_others();
        if (now >= 0) {
            suspects = now;
            tries++;
        }
    }
    if (suspects > 0)
        print_suspects(report);
    return suspects;
}

int mm_audit(struct text *report)
{
    static struct wait_queue queue = WAIT_QUEUE_INIT(queue);
    static atomic_bool running; // one at a time may stop the harts
    wait_event(&queue, !atomic_exchange_explicit(&running, true, memory_order_acquire));
    int result = run(report);
    atomic_store_explicit(&running, false, memory_order_release);
    wake_all(&queue);
    return result;
}
