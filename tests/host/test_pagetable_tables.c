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

    memset(fake_counts, 0, sizeof(fake_counts));
    pt_clear_range(&pt, BASE + PAGE_SIZE, BASE + 101 * PAGE_SIZE); // 100 leaves: 3 batches and a rest
    CHECK(fake_counts[0].space_fences == 3 && fake_counts[0].page_fences == 100 - 3 * TLB_BATCH_FRAMES);
    CHECK(leaves(0, USER_END) == 926 && leaf_of(&pt, BASE).frame && !leaf_of(&pt, BASE + PAGE_SIZE).frame);

    memset(fake_counts, 0, sizeof(fake_counts));
    pt_clear_range(&pt, BASE, BASE + TABLE_SPAN + PAGE_SIZE); // the first table goes as a whole
    CHECK(leaves(0, USER_END) == 513);
    CHECK(fake_counts[0].space_fences == 1 && fake_counts[0].page_fences == 0);

    for (unsigned i = 0; i < TLB_BATCH_FRAMES + 2; i++)
        install(BASE + (10 + i) * TABLE_SPAN, FRAME_ANON, PT_R | PT_W, true);
    pt_clear_range(&pt, 0, USER_END); // more tables than a batch holds
    memset(tables, 0, sizeof(tables));
    pt_for_each_table(&pt, count_table, tables);
    CHECK(tables[0] == 0 && tables[1] == 3 && leaves(0, USER_END) == 0);
    end();
}

// --- fork ------------------------------------------------------------------------------------------------

// Fork as mm/fork.c does it.
static int fork_table(struct pagetable *child, enum fork_mode mode)
{
    struct tlb_batch batch;
    struct pt_lending lending;
    tlb_batch_init(&batch, &pt);
    int error = pt_create(child);
    if (error)
        return error;
    error = pt_lend_prepare(&pt, child);
    if (!error) {
        pt_lend(&pt, child, &lending, &batch);
        tlb_batch_finish(&batch);
        error = pt_lend_settle(&pt, child, &lending, mode);
    }
    if (error)
        pt_destroy(child);
    return error;
}

static void lock_own(struct pagetable *table, vaddr_t va, struct pt_cursor *cursor)
{
    struct frame *spare = NULL;
    while (pt_lock(table, va, &spare, cursor))
        CHECK(pt_spare_fill(&spare) == 0);
    frame_let_go(&spare);
}

static struct frame *table_of(struct pagetable *table, vaddr_t va)
{
    struct pt_cursor cursor;
    CHECK(pt_lock_existing(table, va, &cursor));
    pt_unlock(&cursor);
    return cursor.table;
}

static bool is_linked(struct pagetable *table, vaddr_t va)
{
    _Atomic pte_t *entry = leaf_table_next(table, &va, va + PAGE_SIZE);
    return entry && linked_table(entry);
}

// A full table is lent: counted twice, nothing in it touched, out of reach of the hart that ran the parent.
static void lending(void)
{
    begin();
    struct frame *first = install(BASE, FRAME_ANON, PT_R | PT_W, true);
    for (vaddr_t va = BASE + PAGE_SIZE; va < BASE + TABLE_SPAN; va += PAGE_SIZE)
        install(va, FRAME_ANON, PT_R | PT_W, true);
    CHECK(can(0, BASE, true));
    struct pagetable child;
    memset(fake_counts, 0, sizeof(fake_counts));
    CHECK(fork_table(&child, FORK_LEND) == 0);
    struct frame *table = table_of(&pt, BASE);
    CHECK(table == table_of(&child, BASE) && refs(table) == 2 && refs(first) == 1 && fake_counts[0].space_fences == 1);
    CHECK(leaf_of(&pt, BASE).class == PT_WRITABLE && !can(0, BASE, true) && !can(0, BASE, false));

    pt_destroy(&child); // the parent takes it back, every right as it was: no copy, no fault but this one
    struct pt_cursor cursor;
    lock_own(&pt, BASE, &cursor);
    CHECK(cursor.table == table && refs(table) == 1 && pt_read(&cursor).class == PT_WRITABLE);
    pt_unlock(&cursor);
    CHECK(can(0, BASE, true) && can(0, BASE + TABLE_SPAN - PAGE_SIZE, true));

    CHECK(fork_table(&child, FORK_LEND) == 0); // now it is the child who touches first
    lock_own(&child, BASE, &cursor);
    CHECK(cursor.table != table && refs(cursor.table) == 1 && refs(table) == 1 && refs(first) == 2);
    CHECK(pt_read(&cursor).class == PT_READONLY && !pt_exclusive(&cursor));
    pt_unlock(&cursor);
    CHECK(leaf_of(&pt, BASE).class == PT_READONLY && !can(0, BASE, false));
    lock_own(&pt, BASE, &cursor);
    CHECK(cursor.table == table && pt_read(&cursor).class == PT_READONLY);
    pt_unlock(&cursor);
    CHECK(!can(0, BASE, true) && can(0, BASE, false));
    pt_destroy(&child);
    cursor = lock(&pt, BASE);
    pt_claim(&cursor, BASE, BASE + 10 * PAGE_SIZE, PT_R | PT_W); // with its neighbours, as far as the region goes
    pt_unlock(&cursor);
    CHECK(can(0, BASE, true) && can(0, BASE + 9 * PAGE_SIZE, true) && !can(0, BASE + 10 * PAGE_SIZE, true));
    end();
}

// Three generations: whoever comes last adopts, whatever the order of owning and dying.
static void grandchildren(void)
{
    begin();
    for (vaddr_t va = BASE; va < BASE + TABLE_SPAN; va += PAGE_SIZE)
        install(va, FRAME_ANON, PT_R | PT_W, true);
    struct pagetable child, grandchild;
    struct frame *table = table_of(&pt, BASE);
    CHECK(fork_table(&child, FORK_LEND) == 0 && fork_table(&grandchild, FORK_LEND) == 0 && refs(table) == 3);
    CHECK(!is_linked(&pt, BASE) && !is_linked(&child, BASE) && !is_linked(&grandchild, BASE));
    struct pt_cursor cursor;
    lock_own(&pt, BASE, &cursor); // the parent copies, and leaves the original to the others
    pt_unlock(&cursor);
    CHECK(cursor.table != table && refs(table) == 2);
    pt_destroy(&child);
    lock_own(&grandchild, BASE, &cursor);
    pt_unlock(&cursor);
    CHECK(cursor.table == table && refs(table) == 1 && refs(leaf_of(&pt, BASE).frame) == 2);
    pt_destroy(&grandchild);
    CHECK(refs(leaf_of(&pt, BASE).frame) == 1);
    end();
}

static void settle(struct pagetable *child, enum fork_mode mode, struct frame *anon, struct frame *shared)
{
    CHECK(fork_table(child, mode) == 0 && is_linked(&pt, BASE) && is_linked(child, BASE));
    struct pt_leaf own = leaf_of(child, BASE);
    CHECK(leaf_of(&pt, BASE).class == PT_READONLY && leaf_of(&pt, BASE).frame == anon);
    CHECK((own.frame == anon) == (mode != FORK_COPY) && own.class == PT_READONLY);
    CHECK(!memcmp(frame_memory(own.frame), frame_memory(anon), PAGE_SIZE));
    CHECK(leaf_of(child, BASE + 2 * PAGE_SIZE).class == PT_WRITABLE && leaf_of(child, BASE + 2 * PAGE_SIZE).frame == shared);
    CHECK(leaf_of(child, BASE + PAGE_SIZE).prot == (PT_R | PT_X));
    CHECK(leaf_of(child, BASE + 3 * PAGE_SIZE).frame == frame_span.zero_page);
#ifdef KINE_OPTION_STRICT
    CHECK(!own.accessed && !own.dirty);
#endif
}

// A table with few leaves is copied at once in any mode; private and shared leaves, file pages, the zero page.
static void settling(void)
{
    begin();
    struct frame *anon = install(BASE, FRAME_ANON, PT_R | PT_W, true);
    struct frame *file = install(BASE + PAGE_SIZE, FRAME_CACHE, PT_R | PT_X, true);
    struct frame *shared = install(BASE + 2 * PAGE_SIZE, FRAME_CACHE, PT_R | PT_W, false);
    struct frame *readable = install(BASE + 4 * PAGE_SIZE, FRAME_ANON, PT_R, true);
    struct pt_cursor cursor = lock(&pt, BASE + 3 * PAGE_SIZE);
    pt_install(&cursor, frame_span.zero_page, PT_R, true);
    pt_unlock(&cursor);
    memset(frame_memory(anon), 0x5a, PAGE_SIZE);
    CHECK(can(0, BASE, true));

    struct pagetable lend, cow, copy;
    settle(&lend, FORK_LEND, anon, shared);
    CHECK(!can(0, BASE, true) && refs(anon) == 2);
    settle(&cow, FORK_COW, anon, shared);
    settle(&copy, FORK_COPY, anon, shared);
    CHECK(refs(anon) == 3 && refs(readable) == 3 && refs(file) == 4 && refs(shared) == 4);
    struct pt_leaf own = leaf_of(&copy, BASE);
    CHECK(own.frame->kind == FRAME_ANON && refs(own.frame) == 1 && leaf_of(&copy, BASE + 4 * PAGE_SIZE).frame != readable);
    pt_destroy(&cow);
    pt_destroy(&copy);
    pt_destroy(&lend);
    CHECK(refs(anon) == 1 && refs(file) == 1 && atomic_load(&frame_span.zero_page->refs) >= FRAME_REFS_MAX);
    end();
}

// Changes of a range meet lent tables: cut ones are owned first, whole ones just left.
static void ranges_of_lent_tables(void)
{
    begin();
    for (vaddr_t va = BASE; va < BASE + 3 * TABLE_SPAN; va += PAGE_SIZE)
        install(va, FRAME_ANON, PT_R | PT_W, true);
    struct pagetable child;
    CHECK(fork_table(&child, FORK_LEND) == 0);
    vaddr_t start = BASE + PAGE_SIZE, stop = BASE + 3 * TABLE_SPAN - PAGE_SIZE;
    fake_fail_countdown = 2; // of the two at the ends the second
    CHECK(pt_own_cut(&pt, start, stop) == -ENOMEM && leaves(BASE, BASE + 3 * TABLE_SPAN) == 3 * TABLE_ENTRIES);
    fake_fail_countdown = 0;
    CHECK(pt_own_cut(&pt, start, stop) == 0);
    CHECK(is_linked(&pt, BASE) && !is_linked(&pt, BASE + TABLE_SPAN) && is_linked(&pt, BASE + 2 * TABLE_SPAN));
    pt_clear_range(&pt, start, stop);
    CHECK(leaves(BASE, BASE + 3 * TABLE_SPAN) == 2 && refs(table_of(&child, BASE + TABLE_SPAN)) == 1);
    CHECK(leaf_of(&child, start).frame && refs(leaf_of(&child, start).frame) == 1);

    CHECK(pt_own_range(&child, BASE, BASE + 3 * TABLE_SPAN) == 0);
    pt_change_range(&child, BASE, BASE + 3 * TABLE_SPAN, pt_narrow, PT_R);
    CHECK(leaf_of(&child, BASE + TABLE_SPAN).prot == PT_R);
    pt_destroy(&child);
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
    unsigned n = 0, done = 0;
    for (bool failed = true; failed; n++) {
        struct pagetable child;
        CHECK(pt_own_range(&pt, 0, USER_END) == 0); // what was lent to the last child is lent no more
        fake_fail_countdown = n + 1;
        int error = fork_table(&child, mode);
        failed = !fake_fail_countdown;
        fake_fail_countdown = 0;
        CHECK(!error || error == -ENOMEM);
        if (!error) {
            for (unsigned i = 0; i < 6; i++)
                CHECK(leaf_of(&child, BASE * (1 + i / 4) + i / 2 * TABLE_SPAN + i * PAGE_SIZE).frame);
            pt_destroy(&child);
            done++;
        }
        CHECK(frame_free_count() == free_frames && leaves(0, USER_END) == 6);
        for (unsigned i = 0; i < 6; i++)
            CHECK(refs(frames[i]) == 1);
    }
    // A root and two level-1 tables, without which there is no fork; three leaf tables, and what cannot be copied
    // stays lent; six frames.
    CHECK(mode == FORK_COPY ? n == 1 + 2 + 3 + 6 + 1 && done == 1 : n == 1 + 2 + 3 + 1 && done == 3 + 1);
    end();
}

static void fork_fails_everywhere(void)
{
    fork_without_memory(FORK_LEND);
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
    table_entry_removed(table);
    frame_put(frame);
    mmu_fence_space(fake_asid(0));
    fake_hart = 1;
    mmu_fence_space(fake_asid(1));
    fake_hart = 0;
}

static void flush_own_hart_only(struct frame *table, struct frame *frame)
{
    atomic_store(table_entry(table, 0, BASE), 0);
    table_entry_removed(table);
    mmu_fence_page(BASE, fake_asid(0));
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
    table_entry_removed(table);
    frame_put(frame);
}

static void fence_of_a_page_for_a_link(struct frame *table, struct frame *frame)
{
    struct tlb_batch batch;
    (void)frame;
    tlb_batch_init(&batch, &pt);
    spin_lock(&pt.upper);
    atomic_store(table_entry(level1_table(&pt, BASE, NULL), 1, BASE), 0);
    table_entry_removed(level1_table(&pt, BASE, NULL));
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
    table_entry_removed(table);
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
    TEST(lending);
    TEST(grandchildren);
    TEST(settling);
    TEST(ranges_of_lent_tables);
    TEST(fork_fails_everywhere);
    TEST(the_checker_catches_crimes);
    return 0;
}
