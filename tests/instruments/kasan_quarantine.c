// SPDX-License-Identifier: MIT
//
// Single frames that were freed wait here before the allocator gets them, first in, first out: a frame that is at
// once somebody else's may be used without a report. Books stay exact: waiting frames count as free, go where they
// belong when the harts are stopped (for the audit), and all of them when an allocation finds nothing.
//
// Called by kasan_memory.c, and in place of what it stands for (--wrap).

#include "tests/instruments/kasan.h"

#include "arch/cpu.h"
#include "mm/frame.h"

#define WAITING_MOST 256

static struct spinlock lock = SPINLOCK_INIT(RANK_FRAMES); // guards all of this
static struct frame *waiting[WAITING_MOST];
static size_t first;
static _Atomic size_t count;

// Puts `frame` behind the others when it is not NULL. => returns the one whose turn has come, NULL: none has
static struct frame *turn(struct frame *frame)
{
    struct frame *next = NULL;
    spin_lock(&lock);
    if (count == WAITING_MOST || (!frame && count > 0)) {
        next = waiting[first++ % WAITING_MOST];
        count--;
    }
    if (frame)
        waiting[(first + count++) % WAITING_MOST] = frame;
    spin_unlock(&lock);
    return next;
}

void __real_frame_free(struct frame *frame);
void quarantine_put(struct frame *frame)
{
    struct frame *next = frame->order == 0 ? turn(frame) : frame;
    if (next)
        __real_frame_free(next);
}

bool quarantine_flush(void)
{
    bool any = false;
    for (struct frame *next; (next = turn(NULL)); any = true)
        __real_frame_free(next);
    return any;
}

size_t __real_frame_free_count(void);
size_t __wrap_frame_free_count(void);
size_t __wrap_frame_free_count(void)
{
    return __real_frame_free_count() + count;
}

void __real_harts_stop_others(void);
void __wrap_harts_stop_others(void);
void __wrap_harts_stop_others(void)
{
    __real_harts_stop_others();
    quarantine_flush();
}
