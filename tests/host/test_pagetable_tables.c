// SPDX-License-Identifier: MIT
//
// Many pages at a time: ranges, forks, whole tables. And the checker itself: that the TLBs of the fake machine
// catch every way of putting a frame before the flush.

#include "arch/mmu.h"
#include "tests/host/fake_space.h"
#include "uapi/errno.h"

// --- ranges ----------------------------------------------------------------------------------------------

static void count_leaf(void *context, vaddr_t va, const struct pt_leaf *leaf)
{
    CHECK(leaf->class != PT_ABSENT && va % PAGE_SIZE == 0);
    ++*(unsigned *)context;
}

static void count_table(void *context, struct frame *table, unsigned level)
{
    CHECK(table->table.level == level && refs(table) == 1);
    ++((unsigned *)context)[level];
}

static unsigned leaves(vaddr_t start, vaddr_t end)
{
    unsigned count = 0;
    pt_for_each_leaf(&pt, start, end, count_leaf, &count);
    return count;
}

static void ranges(void)
{
    begin();
    for (vaddr_t va = BASE; va < BASE + 2 * TABLE_SPAN; va += PAGE_SIZE)
        install(va, FRAME_ANON, PT_R | PT_W, true);
    install(USER_END - PAGE_SIZE, FRAME_ANON, PT_R, true);
    install(0, FRAME_ANON, PT_R, true);
    unsigned tables[3] = {0};
    pt_for_each_table(&pt, count_table, tables);
    CHECK(tables[0] == 4 && tables[1] == 3 && tables[2] == 1 && leaves(0, USER_END) == 1026);
    CHECK(leaves(BASE + PAGE_SIZE, BASE + TABLE_SPAN + PAGE_SIZE) == 512);

    struct tlb_batch batch;
    memset(fake_counts, 0, sizeof(fake_counts));
    tlb_batch_init(&batch, &pt);
    pt_clear_range(&pt, BASE + PAGE_SIZE, BASE + 101 * PAGE_SIZE, &batch); // 100 leaves: 3 batches and a rest
    CHECK(fake_counts[0].space_fences == 3 && batch.held_count == 100 - 3 * TLB_BATCH_FRAMES);
    tlb_batch_finish(&batch);
    CHECK(leaves(0, USER_END) == 926 && leaf_of(&pt, BASE).frame && !leaf_of(&pt, BASE + PAGE_SIZE).frame);

    memset(fake_counts, 0, sizeof(fake_counts));
    pt_clear_range(&pt, BASE, BASE + TABLE_SPAN + PAGE_SIZE, &batch); // the first table goes as a whole
    CHECK(batch.held_count == 2 && batch.tables && leaves(0, USER_END) == 513);
    tlb_batch_finish(&batch);
    CHECK(fake_counts[0].space_fences == 1 && fake_counts[0].page_fences == 0);

    for (unsigned i = 0; i < TLB_BATCH_FRAMES + 2; i++)
        install(BASE + (10 + i) * TABLE_SPAN, FRAME_ANON, PT_R | PT_W, true);
    pt_clear_range(&pt, 0, USER_END, &batch); // more tables than a batch holds
    tlb_batch_finish(&batch);
    memset(tables, 0, sizeof(tables));
    pt_for_each_table(&pt, count_table, tables);
    CHECK(tables[0] == 0 && tables[1] == 3 && leaves(0, USER_END) == 0);
    end();
}

// --- fork ------------------------------------------------------------------------------------------------

static void fork_shares_or_copies(void)
{
    begin();
    struct frame *anon = install(BASE, FRAME_ANON, PT_R | PT_W, true);
    struct frame *file = install(BASE + PAGE_SIZE, FRAME_CACHE, PT_R | PT_X, true);
    struct frame *shared = install(BASE + 2 * PAGE_SIZE, FRAME_CACHE, PT_R | PT_W, false);
    struct frame *readable = install(BASE + 4 * PAGE_SIZE, FRAME_ANON, PT_R, true);
    struct pt_cursor cursor = lock(&pt, BASE + 3 * PAGE_SIZE);
    pt_install(&cursor, frame_zero_page(), PT_R, true);
    pt_unlock(&cursor);
    CHECK(can(0, BASE, true)); // the translation is cached with D set
    memset(frame_memory(anon), 0x5a, PAGE_SIZE);
    uint32_t immortal = atomic_load(&frame_zero_page()->refs);

    struct pagetable copy, cow;
    struct tlb_batch batch;
    tlb_batch_init(&batch, &pt);
    CHECK(pt_create(&copy) == 0 && pt_fork(&pt, &copy, FORK_COPY, &batch) == 0);
    CHECK(batch.start == batch.end); // nothing of the parent was narrowed
    struct pt_leaf own = leaf_of(&copy, BASE);
    CHECK(own.class == PT_WRITABLE && own.frame != anon && own.frame->kind == FRAME_ANON && refs(own.frame) == 1);
    CHECK(!memcmp(frame_memory(own.frame), frame_memory(anon), PAGE_SIZE) && refs(anon) == 1);
    CHECK(leaf_of(&pt, BASE).class == PT_WRITABLE);
    struct pt_leaf quiet = leaf_of(&copy, BASE + 4 * PAGE_SIZE);
    CHECK(quiet.frame != readable && quiet.prot == PT_R && !quiet.dirty);
#ifdef KINE_STRICT
    CHECK(!own.accessed && !own.dirty && !quiet.accessed);
#endif

    CHECK(pt_create(&cow) == 0 && pt_fork(&pt, &cow, FORK_COW, &batch) == 0);
    CHECK(can(0, BASE, true)); // until the flush; and no longer:
    tlb_batch_finish(&batch);
    CHECK(!can(0, BASE, true));
    CHECK(leaf_of(&pt, BASE).class == PT_READONLY && leaf_of(&cow, BASE).class == PT_READONLY);
    CHECK(leaf_of(&cow, BASE).frame == anon && refs(anon) == 2);
#ifdef KINE_STRICT
    CHECK(!leaf_of(&cow, BASE).accessed && !leaf_of(&cow, BASE).dirty);
#endif
    CHECK(leaf_of(&cow, BASE + PAGE_SIZE).frame == file && leaf_of(&cow, BASE + PAGE_SIZE).prot == (PT_R | PT_X));
    CHECK(leaf_of(&cow, BASE + 2 * PAGE_SIZE).class == PT_WRITABLE && refs(file) == 3 && refs(shared) == 3);
    CHECK(leaf_of(&copy, BASE + 2 * PAGE_SIZE).frame == shared);
    CHECK(leaf_of(&cow, BASE + 3 * PAGE_SIZE).frame == frame_zero_page());
    pt_destroy(&cow);
    pt_destroy(&copy);
    CHECK(refs(anon) == 1 && refs(file) == 1);
    CHECK(atomic_load(&frame_zero_page()->refs) >= FRAME_REFS_MAX && immortal >= FRAME_REFS_MAX);
    end();
}

// Each allocation that a fork makes fails once.
static void fork_without_memory(enum fork_mode mode)
{
    begin();
    struct frame *frames[6];
    for (unsigned i = 0; i < 6; i++)
        frames[i] = install(BASE * (1 + i / 4) + i / 2 * TABLE_SPAN + i * PAGE_SIZE, FRAME_ANON, PT_R | PT_W, true);
    size_t free_frames = frame_free_count();
    unsigned n = 0;
    for (int error = -ENOMEM; error; n++) {
        struct pagetable child;
        struct tlb_batch batch;
        tlb_batch_init(&batch, &pt);
        fake_fail_countdown = n + 1;
        error = pt_create(&child);
        if (!error) {
            error = pt_fork(&pt, &child, mode, &batch);
            fake_fail_countdown = 0;
            tlb_batch_finish(&batch);
            pt_destroy(&child);
        }
        CHECK(!error || error == -ENOMEM);
        CHECK(frame_free_count() == free_frames && leaves(0, USER_END) == 6);
        for (unsigned i = 0; i < 6; i++)
            CHECK(refs(frames[i]) == 1);
    }
    CHECK(n == 1 + 6 + (mode == FORK_COPY ? 6 : 0)); // root, 3 leaf tables, 2 above; frames; success
    end();
}

static void fork_fails_everywhere(void)
{
    fork_without_memory(FORK_COW);
    fork_without_memory(FORK_COPY);
}

// --- the checker itself ----------------------------------------------------------------------------------

// Each of these does by hand what a broken kernel would do; `pt` has one leaf, seen by harts 0 and 1.
static unsigned violations_of(void (*crime)(struct frame *table, struct frame *frame))
{
    begin();
    fake_hart = 1;
    pt_activate(&pt);
    fake_hart = 0;
    struct frame *frame = install(BASE, FRAME_ANON, PT_R | PT_W, true);
    struct pt_cursor cursor = lock(&pt, BASE);
    pt_unlock(&cursor);
    fake_violations = 0;
    fake_tolerate = true;
    crime(cursor.table, frame);
    fake_tolerate = false;
    end();
    return fake_violations;
}

static void put_before_flush(struct frame *table, struct frame *frame)
{
    atomic_store(table_entry(table, 0, BASE), 0);
    frame_put(frame);
    mmu_fence_space();
    fake_hart = 1;
    mmu_fence_space();
    fake_hart = 0;
}

static void flush_own_hart_only(struct frame *table, struct frame *frame)
{
    atomic_store(table_entry(table, 0, BASE), 0);
    mmu_fence_page(BASE);
    frame_put(frame);
}

static void flush_before_store(struct frame *table, struct frame *frame)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, &pt);
    tlb_batch_add(&batch, BASE);
    tlb_batch_finish(&batch);
    fake_absorb(); // a hart may walk at any time
    atomic_store(table_entry(table, 0, BASE), 0);
    frame_put(frame);
}

static void fence_of_a_page_for_a_link(struct frame *table, struct frame *frame)
{
    struct tlb_batch batch;
    (void)frame;
    tlb_batch_init(&batch, &pt);
    spin_lock(&pt.upper);
    atomic_store(level1_entry(&pt, BASE, NULL), 0);
    spin_unlock(&pt.upper);
    tlb_batch_add(&batch, BASE);
    tlb_batch_hold(&batch, table);
    tlb_batch_finish(&batch); // batch.tables was forgotten
}

static void order_is_right(struct frame *table, struct frame *frame)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, &pt);
    atomic_store(table_entry(table, 0, BASE), 0);
    tlb_batch_add(&batch, BASE);
    tlb_batch_hold(&batch, frame);
    tlb_batch_finish(&batch);
}

static void the_checker_catches_crimes(void)
{
    CHECK(violations_of(order_is_right) == 0);
    CHECK(violations_of(put_before_flush) == 2);
    CHECK(violations_of(flush_own_hart_only) == 1);
    CHECK(violations_of(flush_before_store) == 2);
    CHECK(violations_of(fence_of_a_page_for_a_link) >= 2);
}

int main(void)
{
    fake_machine_boot(4);
    TEST(ranges);
    TEST(fork_shares_or_copies);
    TEST(fork_fails_everywhere);
    TEST(the_checker_catches_crimes);
    return 0;
}
