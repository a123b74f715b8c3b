// SPDX-License-Identifier: MIT
//
// Who is asked to flush what, in which order, and that nobody waits for ever. 32 harts.

#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pagetable_private.h"
#include "arch/riscv/tlb_private.h"
#include "tests/host/check.h"
#include "tests/host/fake_machine.h"
#include <string.h>

#define VA ((vaddr_t)3 << 30)

static struct pagetable a, b;

static void run_on(unsigned hart, struct pagetable *pt)
{
    unsigned self = fake_hart;
    fake_hart = hart;
    pt_activate(pt);
    fake_hart = self;
}

static void begin(void)
{
    CHECK(pt_create(&a) == 0 && pt_create(&b) == 0);
    memset(fake_counts, 0, sizeof(fake_counts));
}

static void end(void)
{
    pt_destroy(&a);
    pt_destroy(&b);
}

static unsigned asked(void)
{
    unsigned ipis = 0;
    for (unsigned i = 0; i < MAX_HARTS; i++)
        ipis += fake_counts[i].ipis;
    return ipis;
}

static void flush(struct pagetable *pt, vaddr_t first, unsigned pages, bool tables)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, pt);
    for (unsigned i = 0; i < pages; i++)
        tlb_batch_add(&batch, first + i * PAGE_SIZE);
    batch.tables = tables;
    tlb_batch_finish(&batch);
    CHECK(batch.start == batch.end && !batch.tables && batch.held_count == 0);
}

static void only_the_mask_is_asked(void)
{
    begin();
    flush(&a, VA, 1, false);
    CHECK(asked() == 0 && fake_counts[0].page_fences == 0); // nobody has it
    run_on(0, &a);
    flush(&a, VA, 1, false);
    CHECK(asked() == 0 && fake_counts[0].page_fences == 1); // we alone
    run_on(5, &a);
    run_on(31, &a);
    run_on(7, &b);
    flush(&a, VA, 2, false);
    CHECK(asked() == 2 && fake_counts[5].page_fences == 2 && fake_counts[31].page_fences == 2);
    CHECK(fake_counts[0].page_fences == 3 && fake_counts[7].page_fences == 0);
    end();
}

// A hart that has gone on to something else is asked once more: it forgets all of the space, and is not asked again
// until it comes back.
static void who_has_left_is_asked_once(void)
{
    begin();
    run_on(0, &a);
    run_on(5, &a);
    run_on(5, &b);
    run_on(0, NULL);
    CHECK(atomic_load(&a.harts) == (1 << 5 | 1) && atomic_load(&a.running) == 0);
    memset(fake_counts, 0, sizeof(fake_counts));
    flush(&a, VA, 1, false);
    CHECK(asked() == 1 && fake_counts[5].space_fences == 1 && fake_counts[5].page_fences == 0);
    CHECK(fake_counts[0].space_fences == 1 && atomic_load(&a.harts) == 0 && atomic_load(&b.harts) == 1 << 5);
    flush(&a, VA, 1, false);
    CHECK(asked() == 1 && fake_counts[0].space_fences == 1);
    run_on(5, &a);
    CHECK(fake_counts[5].space_fences == 2 && atomic_load(&a.harts) == 1 << 5); // new in the mask: fence once
    run_on(5, &b);
    run_on(5, &a);
    CHECK(fake_counts[5].space_fences == 2); // and not again
    end();
}

static void the_right_fence(void)
{
    begin();
    run_on(0, &a);
    memset(fake_counts, 0, sizeof(fake_counts));
    flush(&a, VA, 0, false);
    CHECK(fake_counts[0].page_fences == 0 && fake_counts[0].space_fences == 0);
    flush(&a, VA, 8, false);
    CHECK(fake_counts[0].page_fences == 8 && fake_counts[0].space_fences == 0);
    flush(&a, VA, 9, false);
    CHECK(fake_counts[0].page_fences == 8 && fake_counts[0].space_fences == 1);
    flush(&a, VA, 1, true);
    flush(&a, VA, 0, true);
    CHECK(fake_counts[0].page_fences == 8 && fake_counts[0].space_fences == 3);
    struct tlb_batch batch; // pages in any order; the range covers them all
    tlb_batch_init(&batch, &a);
    tlb_batch_add(&batch, VA + PAGE_SIZE);
    tlb_batch_add(&batch, VA + 3 * PAGE_SIZE);
    tlb_batch_add(&batch, VA);
    CHECK(batch.start == VA && batch.end == VA + 4 * PAGE_SIZE);
    tlb_batch_finish(&batch);
    CHECK(fake_counts[0].page_fences == 12);
    tlb_flush_kernel(USER_END * 8, USER_END * 8 + 4 * PAGE_SIZE);
    tlb_flush_kernel(USER_END * 8, USER_END * 9);
    icache_sync();
    for (unsigned i = 0; i < MAX_HARTS; i++)
        CHECK(fake_counts[i].kernel_page_fences == 4 && fake_counts[i].full_fences == 1 &&
              fake_counts[i].instruction_fences == 1 && fake_counts[i].ipis == (i == 0 ? 0 : 3));
    end();
}

static struct frame *waited_for;
static unsigned turns;

static void frame_is_still_held(void)
{
    CHECK(atomic_load(&waited_for->refs) == 1);
    turns++;
}

static void puts_wait_for_every_answer(void)
{
    begin();
    for (unsigned i = 0; i < MAX_HARTS; i += 3)
        run_on(i, &a);
    waited_for = frame_alloc(FRAME_ANON, 0, 0);
    struct tlb_batch batch;
    tlb_batch_init(&batch, &a);
    tlb_batch_add(&batch, VA);
    tlb_batch_hold(&batch, waited_for);
    fake_spin_hook = frame_is_still_held;
    tlb_batch_finish(&batch);
    fake_spin_hook = NULL;
    CHECK(turns >= 10 && atomic_load(&waited_for->refs) == 0 && asked() == 10);
    end();
}

// While hart 0 waits, harts 1 and 2 begin flushes of their own, which need answers from all the others.
static void everybody_flushes(void)
{
    static unsigned depth;
    if (depth == 2)
        return;
    unsigned self = fake_hart;
    fake_hart = ++depth;
    flush(depth == 1 ? &a : &b, VA, 1, false);
    icache_sync();
    fake_hart = self;
}

static void harts_that_flush_each_other_get_on(void)
{
    begin();
    for (unsigned i = 0; i < 4; i++)
        run_on(i, &a);
    fake_spin_hook = everybody_flushes;
    flush(&a, VA, 1, false);
    fake_spin_hook = NULL;
    CHECK(fake_counts[0].page_fences == 2 && fake_counts[3].page_fences == 2);
    for (unsigned i = 0; i < MAX_HARTS; i++)
        CHECK(fake_counts[i].instruction_fences == 2);
    end();
}

static struct pagetable *leaving;

static void mask_covers_what_a_hart_knows(paddr_t root)
{
    uint64_t self = (uint64_t)1 << fake_hart;
    CHECK(root != frame_address(a.root) || (atomic_load(&a.harts) & atomic_load(&a.running) & self));
    CHECK(!leaving || (atomic_load(&leaving->running) & self));
}

// Before hart 3 gets to its order to leave a, it has gone on to b by itself.
static void go_on(void)
{
    if (atomic_load(&a.running) & 8)
        run_on(3, &b);
}

static void activation(void)
{
    begin();
    run_on(0, &b);
    fake_root_hook = mask_covers_what_a_hart_knows;
    leaving = &b;
    run_on(0, &a);
    leaving = NULL;
    CHECK(atomic_load(&a.running) == 1 && atomic_load(&b.running) == 0 && fake_root(0) == frame_address(a.root));
    CHECK(atomic_load(&a.harts) == 1 && atomic_load(&b.harts) == 1); // b's translations are still there
    unsigned fences = fake_counts[0].space_fences + fake_counts[0].full_fences;
    run_on(0, &a); // already there
    run_on(0, &b); // known from before
    CHECK(fake_counts[0].space_fences + fake_counts[0].full_fences == fences);
    fake_root_hook = NULL;
    end();
}

static void eviction(void)
{
    begin();
    static const unsigned runs_a[] = {0, 3, 9, 31};
    for (unsigned i = 0; i < 4; i++)
        run_on(runs_a[i], &a);
    CHECK(atomic_load(&a.running) == ((uint64_t)1 << 31 | 1 << 9 | 9));
    run_on(31, &b);
    fake_spin_hook = go_on;
    tlb_evict(&a);
    fake_spin_hook = NULL;
    CHECK(atomic_load(&a.running) == 0 && atomic_load(&b.running) == ((uint64_t)1 << 31 | 8));
    CHECK(fake_root(0) == kernel_root_address() && fake_root(9) == kernel_root_address());
    CHECK(fake_root(3) == frame_address(b.root));
    end();
}

// --- contexts --------------------------------------------------------------------------------------------

#define SPACES 20
static struct pagetable spaces[SPACES];

// More spaces than ASIDs, on three harts, in an order that keeps changing; a leaf of each is removed now and then.
// The fake machine sees an ASID that is used again too early; here we see that two spaces never share one.
static void contexts(unsigned bits)
{
    tlb_init(bits);
    for (unsigned i = 0; i < SPACES; i++)
        CHECK(pt_create(&spaces[i]) == 0);
    for (unsigned turn = 0; turn < 3000; turn++) {
        unsigned hart = fake_random(3);
        struct pagetable *pt = &spaces[fake_random(fake_random(2) ? 4 : SPACES)];
        run_on(hart, fake_random(8) ? pt : NULL);
        fake_hart = hart;
        struct frame *spare = NULL;
        struct pt_cursor cursor;
        while (pt_lock(pt, VA, &spare, &cursor))
            CHECK(pt_spare_fill(&spare) == 0);
        struct tlb_batch batch;
        tlb_batch_init(&batch, pt);
        if (pt_read(&cursor).frame)
            pt_clear(&cursor, &batch);
        else
            pt_install(&cursor, frame_alloc(FRAME_ANON, 0, ALLOC_ZERO), PT_R | PT_W, true);
        pt_unlock(&cursor);
        tlb_batch_finish(&batch);
        frame_let_go(&spare);
        if (fake_random(40) == 0) { // its ASID goes with it
            pt_destroy(pt);
            CHECK(pt_create(pt) == 0);
        }
        for (unsigned i = 0; i < 3; i++)
            for (unsigned k = 0; k < SPACES; k++)
                CHECK((fake_root(i) == frame_address(spaces[k].root)) == (atomic_load(&spaces[k].running) >> i & 1));
    }
    fake_hart = 0;
    for (unsigned i = 0; i < SPACES; i++)
        pt_destroy(&spaces[i]);
}

static void asids_end_and_begin_again(void)
{
    contexts(0); // hardware may have none at all
    contexts(1);
    contexts(3);
    contexts(16);
    tlb_init(3);
}

int main(void)
{
    fake_machine_boot(MAX_HARTS);
    TEST(only_the_mask_is_asked);
    TEST(who_has_left_is_asked_once);
    TEST(the_right_fence);
    TEST(puts_wait_for_every_answer);
    TEST(harts_that_flush_each_other_get_on);
    TEST(activation);
    TEST(eviction);
    TEST(asids_end_and_begin_again);
    return 0;
}
