// SPDX-License-Identifier: MIT
//
// A space on the fake machine, for the tests that do one thing at a time to a page table: `pt`, active on the
// hart that runs; end() finds out whether anything was leaked.

#ifndef TESTS_HOST_FAKE_SPACE_H
#define TESTS_HOST_FAKE_SPACE_H

#include "arch/riscv/pagetable_private.h"
#include "tests/host/check.h"
#include "tests/host/fake_machine.h"
#include <string.h>

#define BASE ((vaddr_t)1 << 30)

static struct pagetable pt;
static size_t free_before;

static inline void begin(void)
{
    memset(fake_counts, 0, sizeof(fake_counts));
    free_before = frame_free_count();
    CHECK(pt_create(&pt) == 0);
    pt_activate(&pt);
}

static inline void end(void)
{
    pt_destroy(&pt);
    CHECK(fake_root(fake_hart) != frame_address(pt.root)); // we still had it in satp: sent away
    CHECK(frame_free_count() == free_before);
}

static inline struct pt_cursor lock(struct pagetable *table, vaddr_t va)
{
    struct frame *spare = NULL;
    struct pt_cursor cursor;
    while (pt_lock(table, va, &spare, &cursor))
        CHECK(pt_spare_fill(&spare) == 0);
    pt_unlock(&cursor);
    frame_let_go(&spare);
    CHECK(pt_lock(table, va, &spare, &cursor) == 0); // what was linked stays
    return cursor;
}

static inline struct frame *install(vaddr_t va, enum frame_kind kind, unsigned prot, bool private)
{
    struct frame *frame = frame_alloc(kind, 0, ALLOC_ZERO);
    struct pt_cursor cursor = lock(&pt, va);
    pt_install(&cursor, frame, prot, private);
    pt_unlock(&cursor);
    fake_absorb();
    return frame;
}

static inline struct pt_leaf leaf_of(struct pagetable *table, vaddr_t va)
{
    struct pt_cursor cursor;
    if (!pt_lock_existing(table, va, &cursor))
        return (struct pt_leaf){.class = PT_ABSENT};
    struct pt_leaf leaf = pt_read(&cursor);
    pt_unlock(&cursor);
    return leaf;
}

static inline unsigned refs(const struct frame *frame)
{
    return atomic_load(&frame->refs);
}

static inline bool holds(unsigned hart, const struct frame *frame)
{
    const struct fake_translation *held;
    fake_absorb();
    for (unsigned i = 0; (held = fake_held(hart, i)); i++)
        if (held->asid == fake_asid(hart) && pte_address(held->entry) == frame_address(frame))
            return true;
    return false;
}

// Does any translation that the hart might use allow it? Which one an access takes is a matter of luck.
static inline bool can(unsigned hart, vaddr_t va, bool store)
{
    uint64_t word = 1;
    for (unsigned i = 0; i < 100; i++)
        if (fake_access(hart, va, store, &word))
            return true;
    return false;
}

#endif
