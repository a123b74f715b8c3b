// SPDX-License-Identifier: MIT
//
// The slots of the swap device, and the pages on their way to it.
//
//   leaf names frame --take--> leaf names slot, frame is "taken" --write--> leaf names slot, page on the disk
//          ^                           |        \--error--> the frame stays taken     |
//          `-------- fault ------------'             until nobody names the slot        |
//          `-------- fault: read it into a new frame ----------------------------------'
//
// A taken frame has one reference from its place in `taken` (R1: I/O in progress): the one moment when a slot and a
// frame hold the same page, for there is no other swap cache. Fetched back meanwhile it counts 2, and is copied when it
// is written; so its bytes stay what they were for all who share the slot (docs/REFCOUNT.md).
//
// One thread takes and writes (mm/reclaim.c), many put and read. After an error of writing nothing more is taken.
// One spin lock guards everything; it is taken under leaf locks.

#include "mm/swap.h"
#include "lib/assert.h"
#include "mm/audit.h"
#include "uapi/errno.h"

#define SUSPECT ((uint32_t)1 << 31) // in slot.audit, as in frame.audit

// S: guarded by lock. C: constant once swap_start() is over.
static struct spinlock lock = SPINLOCK_INIT(RANK_SWAP);
static struct swap_device swap; // C, and slots S
static _Atomic uint32_t unused; // S  how many are free; read without
static _Atomic bool broken;     // S  could not be written once; read without
static uint32_t next;           // S  where to look next
static struct taken {
    uint32_t slot; // S  0: this place is free. Its count may be 0 already: the page is not wanted any more
    bool failed;   // S  could not be written
    struct frame *frame;
} taken[SWAP_BATCH];

#define FOR_TAKEN(place) for (struct taken *place = taken; place < taken + SWAP_BATCH; place++)

static struct taken *find_taken(uint32_t slot)
{
    FOR_TAKEN(place)
        if (place->slot == slot)
            return place;
    return NULL;
}

static void audit_taken(void)
{
    FOR_TAKEN(place)
        if (place->slot)
            audit_found(place->frame);
}

int swap_start(const struct swap_device *device)
{
    spin_lock(&lock); // also against an audit: it stops no hart that holds a spin lock
    bool busy = swap.slots;
    if (!busy) {
        swap = *device;
        unused = device->usable;
        audit_add_source(audit_taken);
    }
    spin_unlock(&lock);
    return busy ? -EBUSY : 0;
}

uint32_t swap_total_count(void)
{
    return swap.usable;
}

uint32_t swap_free_count(void)
{
    return broken ? 0 : unused;
}

// --- counts -----------------------------------------------------------------------------------------------

// => holds lock
static struct swap_slot *slot_in_use(uint32_t slot)
{
    ASSERT(slot < swap.slot_count && swap.slots[slot].refs && swap.slots[slot].refs != SLOT_UNUSABLE);
    return &swap.slots[slot];
}

void swap_get(uint32_t slot)
{
    spin_lock(&lock);
    slot_in_use(slot)->refs++;
    spin_unlock(&lock);
}

void swap_put(uint32_t slot)
{
    struct frame *frame = NULL;
    if (!slot)
        return;
    spin_lock(&lock);
    if (--slot_in_use(slot)->refs == 0) {
        unused++;
        struct taken *place = find_taken(slot);
        if (place && place->failed) {
            frame = place->frame;
            *place = (struct taken){0};
        }
    }
    spin_unlock(&lock);
    frame_let_go(&frame);
}

// --- out --------------------------------------------------------------------------------------------------

// A slot that nobody names, and to which nothing is on its way. 0: there is none. => holds lock
static uint32_t free_slot(void)
{
    for (uint32_t looks = unused ? swap.slot_count : 0; looks; looks--) {
        next = next + 1 < swap.slot_count ? next + 1 : 1;
        if (swap.slots[next].refs == 0 && !find_taken(next))
            return next;
    }
    return 0;
}

uint32_t swap_take(struct frame *frame)
{
    spin_lock(&lock);
    struct taken *place = broken ? NULL : find_taken(0);
    uint32_t slot = place ? free_slot() : 0;
    if (slot) {
        *place = (struct taken){.slot = slot, .frame = frame};
        swap.slots[slot].refs = 1;
        unused--;
    }
    spin_unlock(&lock);
    return slot;
}

void swap_write_taken(void)
{
    uint32_t slots[SWAP_BATCH];
    struct frame *frames[SWAP_BATCH];
    unsigned count = 0, done = 0;
    spin_lock(&lock);
    FOR_TAKEN(place)
        if (place->slot && !place->failed) {
            slots[count] = place->slot;
            frames[count++] = place->frame;
        }
    spin_unlock(&lock);
    int error = count ? swap.transfer(swap.disk, true, slots, frames, count) : 0;
    if (error)
        log_error("swap: error %d while writing to %s, which is not written any more", -error, swap.name);
    spin_lock(&lock);
    broken = broken || error;
    FOR_TAKEN(place)
        if (place->slot && !place->failed) {
            place->failed = error && swap.slots[place->slot].refs;
            if (!place->failed) {
                frames[done++] = place->frame;
                *place = (struct taken){0};
            }
        }
    spin_unlock(&lock);
    while (done)
        frame_put(frames[--done]);
}

// --- in ---------------------------------------------------------------------------------------------------

int swap_read(uint32_t slot, struct frame **out)
{
    spin_lock(&lock);
    struct taken *place = find_taken(slot);
    if (place)
        frame_get(*out = place->frame);
    spin_unlock(&lock);
    if (place)
        return 0;
    struct frame *frame = frame_alloc_reclaim(FRAME_ANON, 0, 0);
    int error = frame ? swap.transfer(swap.disk, false, &slot, &frame, 1) : -ENOMEM;
    if (error)
        frame_let_go(&frame);
    else
        *out = frame;
    return error;
}

// --- audit: the other harts are stopped -------------------------------------------------------------------

void swap_audit_found(uint32_t slot)
{
    swap.slots[slot].audit++;
}

int swap_audit_compare(bool first, struct text *report)
{
    int wrong = 0;
    for (uint32_t number = 0; number < swap.slot_count; number++) {
        struct swap_slot *slot = &swap.slots[number];
        uint32_t found = slot->audit & ~SUSPECT, refs = slot->refs == SLOT_UNUSABLE ? 0 : slot->refs;
        bool suspect = found != refs && (first || slot->audit & SUSPECT);
        if (suspect && report)
            text_append(report, "swap slot %u: count %u, found %u\n", number, refs, found);
        slot->audit = suspect ? SUSPECT : 0;
        wrong += suspect;
    }
    return wrong;
}
