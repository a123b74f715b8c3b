// SPDX-License-Identifier: MIT
//
// Page tables step by step: what each call does to entries, counts and fences, with harts whose TLBs forget
// nothing by themselves (fake_machine.h). Also: that these TLBs catch a put before the flush.

#include "tests/host/fake_machine.h"
#include "arch/mmu.h"
#include "arch/riscv/pagetable_private.h"
#include "tests/host/check.h"
#include "uapi/errno.h"
#include <string.h>

#define BASE ((vaddr_t)1 << 30)

static struct pagetable pt;
static size_t free_before;

static void begin(void)
{
    memset(fake_counts, 0, sizeof(fake_counts));
    free_before = frame_free_count();
    CHECK(pt_create(&pt) == 0);
    pt_activate(&pt);
}

static void end(void)
{
    pt_destroy(&pt);
    CHECK(fake_root(fake_hart) != frame_address(pt.root)); // we still had it in satp: sent away
    CHECK(frame_free_count() == free_before);
}

static struct pt_cursor lock(struct pagetable *table, vaddr_t va)
{
    struct pt_spares spares = {{NULL, NULL}};
    struct pt_cursor cursor;
    CHECK(pt_spares_fill(&spares) == 0);
    CHECK(pt_lock(table, va, &spares, &cursor) == 0);
    struct pt_spares rest = spares;
    spares = (struct pt_spares){{NULL, NULL}};
    pt_unlock(&cursor);
    pt_spares_release(&rest);
    CHECK(pt_lock(table, va, &spares, &cursor) == 0); // what was linked stays
    return cursor;
}

static struct frame *install(vaddr_t va, enum frame_kind kind, unsigned prot, bool private)
{
    struct frame *frame = frame_alloc(kind, 0, ALLOC_ZERO);
    struct pt_cursor cursor = lock(&pt, va);
    pt_install(&cursor, frame, prot, private);
    pt_unlock(&cursor);
    fake_absorb();
    return frame;
}

static struct pt_leaf leaf_of(struct pagetable *table, vaddr_t va)
{
    struct pt_cursor cursor;
    if (!pt_lock_existing(table, va, &cursor))
        return (struct pt_leaf){.class = PT_ABSENT};
    struct pt_leaf leaf = pt_read(&cursor);
    pt_unlock(&cursor);
    return leaf;
}

static unsigned refs(const struct frame *frame)
{
    return atomic_load(&frame->refs);
}

static bool holds(unsigned hart, const struct frame *frame)
{
    const struct fake_translation *held;
    fake_absorb();
    for (unsigned i = 0; (held = fake_held(hart, i)); i++)
        if (pte_address(held->entry) == frame_address(frame))
            return true;
    return false;
}

// Does any translation that the hart might use allow it? Which one an access takes is a matter of luck.
static bool can(unsigned hart, vaddr_t va, bool store)
{
    uint64_t word = 1;
    for (unsigned i = 0; i < 100; i++)
        if (fake_access(hart, va, store, &word))
            return true;
    return false;
}

// --- tables, spares, decoding ----------------------------------------------------------------------------

static void tables_come_from_spares(void)
{
    begin();
    struct pt_spares spares = {{NULL, NULL}};
    struct pt_cursor cursor;
    CHECK(pt_lock(&pt, BASE, &spares, &cursor) == -EAGAIN);
    CHECK(!pt_lock_existing(&pt, BASE, &cursor));
    CHECK(pt_spares_fill(&spares) == 0);
    struct frame *kept = spares_take(&spares);
    CHECK(pt_lock(&pt, BASE, &spares, &cursor) == -EAGAIN); // one goes to level 1, the leaf table is lacking
    CHECK(!spares.table[0] && !spares.table[1]);
    spares.table[1] = kept;
    CHECK(pt_lock(&pt, BASE, &spares, &cursor) == 0);
    CHECK(cursor.table == kept && kept->table.level == 0 && refs(kept) == 1);
    pt_unlock(&cursor);
    CHECK(pt_lock_existing(&pt, BASE + TABLE_SPAN - PAGE_SIZE, &cursor) && cursor.table == kept);
    pt_unlock(&cursor);
    CHECK(!pt_lock_existing(&pt, BASE + TABLE_SPAN, &cursor) && !pt_lock_existing(&pt, 0, &cursor));
    fake_fail_countdown = 2;
    CHECK(pt_spares_fill(&spares) == -ENOMEM && spares.table[0] && !spares.table[1]);
    pt_spares_release(&spares);
    pt_spares_release(&spares);
    end();
}

static void leaves_read_as_written(void)
{
    begin();
    for (unsigned prot = PT_R; prot <= (PT_R | PT_W | PT_X); prot++) {
        if ((prot & (PT_R | PT_W)) == PT_W)
            continue; // reserved in sv39
        vaddr_t va = BASE + prot * PAGE_SIZE;
        struct frame *frame = install(va, FRAME_ANON, prot, true);
        struct pt_leaf leaf = leaf_of(&pt, va);
        CHECK(leaf.frame == frame && leaf.prot == prot);
        CHECK(leaf.class == (prot & PT_W ? PT_WRITABLE : PT_READONLY));
        CHECK(refs(frame) == 1);
    }
    struct pt_leaf absent = leaf_of(&pt, BASE);
    CHECK(absent.class == PT_ABSENT && !absent.frame && !absent.prot);
    end();
}

// Each frame's physical address survives the way through an entry, up to the top of what sv39 can name.
static void entries_hold_any_address(void)
{
    for (paddr_t address = PAGE_SIZE; address < (paddr_t)1 << 56; address <<= 1) {
        pte_t leaf = pte_leaf(address, PT_R | PT_X, true);
        CHECK(pte_address(leaf) == address && pte_prot(leaf) == (PT_R | PT_X) && leaf >> 54 == 0);
        CHECK(pte_address(pte_link(address)) == address && !(pte_link(address) & (PTE_RIGHTS | PTE_USER)));
    }
}

static void accessed_and_dirty_follow_the_build(void)
{
    begin();
    fake_sets_a_d = false;
    install(BASE, FRAME_ANON, PT_R | PT_W, true);
    struct pt_leaf leaf = leaf_of(&pt, BASE);
#ifdef KINE_STRICT
    CHECK(!leaf.accessed && !leaf.dirty && !can(0, BASE, false));
    struct pt_cursor cursor = lock(&pt, BASE);
    pt_touch(&cursor, false);
    pt_unlock(&cursor);
    leaf = leaf_of(&pt, BASE);
    CHECK(leaf.accessed && !leaf.dirty && can(0, BASE, false));
    CHECK(!can(0, BASE, true));
    cursor = lock(&pt, BASE);
    pt_touch(&cursor, true);
    pt_unlock(&cursor);
    leaf = leaf_of(&pt, BASE);
#endif
    CHECK(leaf.accessed && leaf.dirty && can(0, BASE, true));
    fake_sets_a_d = true;
    end();
}

static void exclusive_asks_all_it_should(void)
{
    begin();
    struct frame *anon = install(BASE, FRAME_ANON, PT_R, true);
    install(BASE + PAGE_SIZE, FRAME_CACHE, PT_R, true);
    struct pt_cursor cursor = lock(&pt, BASE);
    CHECK(pt_exclusive(&cursor));
    frame_get(anon);
    CHECK(!pt_exclusive(&cursor));
    frame_put(anon);
    atomic_fetch_or(&anon->flags, FRAME_BUSY);
    CHECK(!pt_exclusive(&cursor));
    atomic_fetch_and(&anon->flags, (uint16_t)~FRAME_BUSY);
    CHECK(pt_exclusive(&cursor));
    pt_unlock(&cursor);
    cursor = lock(&pt, BASE + PAGE_SIZE);
    CHECK(!pt_exclusive(&cursor));
    pt_unlock(&cursor);
    cursor = lock(&pt, BASE + 2 * PAGE_SIZE);
    CHECK(!pt_exclusive(&cursor));
    pt_unlock(&cursor);
    end();
}

// --- changes ---------------------------------------------------------------------------------------------

static void replace_flushes_then_puts(void)
{
    begin();
    fake_hart = 2;
    pt_activate(&pt);
    fake_hart = 0;
    struct frame *old = install(BASE, FRAME_ANON, PT_R, true), *new = frame_alloc(FRAME_ANON, 0, ALLOC_ZERO);
    struct tlb_batch batch;
    tlb_batch_init(&batch, &pt);
    struct pt_cursor cursor = lock(&pt, BASE);
    pt_replace(&cursor, new, PT_R, &batch);
    pt_unlock(&cursor);
    CHECK(holds(2, old) && refs(old) == 1);
    tlb_batch_finish(&batch);
    CHECK(!holds(0, old) && !holds(2, old) && refs(old) == 0 && old->kind == FRAME_FREE);
    CHECK(leaf_of(&pt, BASE).frame == new && refs(new) == 1 && leaf_of(&pt, BASE).class == PT_READONLY);
    CHECK(fake_counts[2].page_fences == 1 && fake_counts[1].ipis == 0 && fake_counts[3].ipis == 0);
    end();
}

static void narrow_and_widen(void)
{
    begin();
    struct frame *frame = install(BASE, FRAME_ANON, PT_R | PT_W, true);
    struct tlb_batch batch;
    CHECK(can(0, BASE, true));
    tlb_batch_init(&batch, &pt);
    struct pt_cursor cursor = lock(&pt, BASE);
    pt_narrow(&cursor, PT_R, &batch);
    CHECK(pt_read(&cursor).class == PT_READONLY && pt_read(&cursor).dirty);
    pt_unlock(&cursor);
    tlb_batch_finish(&batch);
    CHECK(!can(0, BASE, true) && can(0, BASE, false));
    cursor = lock(&pt, BASE);
    pt_widen(&cursor, PT_R | PT_W);
    pt_unlock(&cursor);
    CHECK(can(0, BASE, true)); // the narrow translation is gone on this hart
    pt_narrow_range(&pt, BASE - PAGE_SIZE, BASE + PAGE_SIZE, 0, &batch);
    tlb_batch_finish(&batch);
    CHECK(!can(0, BASE, false));
    CHECK(leaf_of(&pt, BASE).class == PT_READONLY && leaf_of(&pt, BASE).prot == 0 && refs(frame) == 1);
    end();
}

static void dirty_pages_of_objects_are_marked(void)
{
    begin();
    struct frame *written = install(BASE, FRAME_CACHE, PT_R | PT_W, false);
    struct frame *clean = install(BASE + PAGE_SIZE, FRAME_CACHE, PT_R, false);
    struct frame *far = install(BASE + TABLE_SPAN, FRAME_CACHE, PT_R | PT_W, false);
    struct frame *cached[] = {written, clean, far};
    for (unsigned i = 0; i < 3; i++)
        frame_get(cached[i]); // the index of an object
    CHECK(can(0, BASE, true) && can(0, BASE + TABLE_SPAN, true));
    struct tlb_batch batch;
    tlb_batch_init(&batch, &pt);
    pt_clear_range(&pt, BASE, BASE + PAGE_SIZE, &batch);     // leaf by leaf: the table is still in use
    pt_clear_range(&pt, BASE + PAGE_SIZE, USER_END, &batch); // whole tables
    tlb_batch_finish(&batch);
    CHECK(atomic_load(&written->flags) == FRAME_DIRTY && atomic_load(&clean->flags) == 0);
    CHECK(atomic_load(&far->flags) == FRAME_DIRTY);
    for (unsigned i = 0; i < 3; i++)
        frame_put(cached[i]);
    end();
}

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

    pt_clear_range(&pt, 0, USER_END, &batch);
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

    CHECK(pt_create(&cow) == 0 && pt_fork(&pt, &cow, FORK_COW, &batch) == 0);
    CHECK(can(0, BASE, true)); // until the flush; and no longer:
    tlb_batch_finish(&batch);
    CHECK(!can(0, BASE, true));
    CHECK(leaf_of(&pt, BASE).class == PT_READONLY && leaf_of(&cow, BASE).class == PT_READONLY);
    CHECK(leaf_of(&cow, BASE).frame == anon && refs(anon) == 2);
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
    TEST(tables_come_from_spares);
    TEST(leaves_read_as_written);
    TEST(entries_hold_any_address);
    TEST(accessed_and_dirty_follow_the_build);
    TEST(exclusive_asks_all_it_should);
    TEST(replace_flushes_then_puts);
    TEST(narrow_and_widen);
    TEST(dirty_pages_of_objects_are_marked);
    TEST(ranges);
    TEST(fork_shares_or_copies);
    TEST(the_checker_catches_crimes);
    return 0;
}
