// SPDX-License-Identifier: MIT
//
// Frames on the fake machine: whoever gives up the last reference to one that a hart still reaches is caught.

#include "tests/host/fake_machine.h"
#include "tests/host/check.h"

void __real_frame_put(struct frame *frame);
void __wrap_frame_put(struct frame *frame);
void __real_frame_free(struct frame *frame);
void __wrap_frame_free(struct frame *frame);
struct frame *__real_frame_alloc(enum frame_kind kind, unsigned order, unsigned flags);
struct frame *__wrap_frame_alloc(enum frame_kind kind, unsigned order, unsigned flags);

static void check_unreachable(const struct frame *frame)
{
    paddr_t address = frame_address(frame);
    fake_absorb();
    for (unsigned hart = 0; hart < harts_online(); hart++) {
        if (!fake_reaches(hart, address))
            continue;
        fake_violations++;
        if (!fake_tolerate)
            printf("not ok - put before flush: hart %u still reaches %s frame 0x%llx\n", hart,
                   frame_kind_name(frame->kind), (unsigned long long)address);
        CHECK(fake_tolerate);
    }
}

void __wrap_frame_put(struct frame *frame)
{
    if (atomic_load(&frame->refs) == 1)
        check_unreachable(frame);
    __real_frame_put(frame);
}

void __wrap_frame_free(struct frame *frame)
{
    check_unreachable(frame);
    __real_frame_free(frame);
}

struct frame *__wrap_frame_alloc(enum frame_kind kind, unsigned order, unsigned flags)
{
    if (fake_fail_countdown && --fake_fail_countdown == 0)
        return NULL;
    return __real_frame_alloc(kind, order, flags);
}

// Where mm/reclaim.c is not linked there is nothing to reclaim.
__attribute__((weak)) struct frame *frame_alloc_reclaim(enum frame_kind kind, unsigned order, unsigned flags)
{
    return frame_alloc(kind, order, flags);
}
