// SPDX-License-Identifier: MIT
//
// A page table leaf by leaf: what each call does to entries, counts and fences, with harts whose TLBs forget
// nothing by themselves (fake_machine.h).

#include "tests/host/fake_space.h"
#include "uapi/errno.h"

// --- tables, spares, decoding ----------------------------------------------------------------------------

static void tables_come_from_spares(void)
{
    begin();
    struct frame *spare = NULL;
    struct pt_cursor cursor;
    CHECK(pt_lock(&pt, BASE, &spare, &cursor) == -EAGAIN);
    CHECK(!pt_lock_existing(&pt, BASE, &cursor));
    CHECK(pt_spare_fill(&spare) == 0);
    CHECK(pt_lock(&pt, BASE, &spare, &cursor) == -EAGAIN && !spare); // it went to level 1, the leaf table is lacking
    CHECK(pt_spare_fill(&spare) == 0);
    struct frame *kept = spare;
    CHECK(pt_lock(&pt, BASE, &spare, &cursor) == 0);
    CHECK(cursor.table == kept && kept->table.level == 0 && refs(kept) == 1);
    pt_unlock(&cursor);
    CHECK(pt_lock_existing(&pt, BASE + TABLE_SPAN - PAGE_SIZE, &cursor) && cursor.table == kept);
    pt_unlock(&cursor);
    CHECK(!pt_lock_existing(&pt, BASE + TABLE_SPAN, &cursor) && !pt_lock_existing(&pt, 0, &cursor));
    fake_fail_countdown = 1;
    CHECK(pt_spare_fill(&spare) == -ENOMEM && !spare);
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
#ifdef KINE_OPTION_STRICT
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
    CHECK(!holds(0, old) && !holds(2, old) && refs(old) == 0);
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
    fake_stubborn = true;
    cursor = lock(&pt, BASE);
    pt_widen(&cursor, PT_R | PT_W, &batch);
    pt_unlock(&cursor);
    CHECK(can(0, BASE, true)); // the narrow translation is gone on this hart
    fake_stubborn = false;
    pt_change_range(&pt, BASE - PAGE_SIZE, BASE + PAGE_SIZE, pt_narrow, 0);
    CHECK(!can(0, BASE, false));
    CHECK(leaf_of(&pt, BASE).class == PT_READONLY && leaf_of(&pt, BASE).prot == 0 && refs(frame) == 1);
    end();
}

// --- hardware in between ---------------------------------------------------------------------------------

static bool stored;
static struct pagetable child;

static void note_store(paddr_t address)
{
    (void)address;
    stored = true;
}

static void change(unsigned what, struct tlb_batch *batch)
{
    if (what == 0) {
        struct pt_lending lending;
        CHECK(pt_lend_prepare(&pt, &child) == 0);
        pt_lend(&pt, &child, &lending, batch);
        tlb_batch_finish(batch);
        CHECK(pt_lend_settle(&pt, &child, &lending, FORK_COW) == 0);
    } else if (what == 1) {
        pt_change_range(&pt, BASE, BASE + PAGE_SIZE, pt_narrow, PT_R);
    } else if (what == 2) {
        pt_clear_range(&pt, BASE, BASE + PAGE_SIZE); // the whole table, which is its own
    } else {
        struct pt_cursor cursor;
        CHECK(pt_lock_existing(&pt, BASE, &cursor));
        if (what == 3)
            pt_touch(&cursor, false);
        else if (what == 4)
            pt_widen(&cursor, PT_X, batch);
        else if (what == 5)
            pt_clear(&cursor, batch);
        else
            pt_replace(&cursor, frame_alloc(FRAME_CACHE, 0, 0), PT_R, batch);
        pt_unlock(&cursor);
    }
}

// A store that gets through sets D, whichever two accesses of the kernel it comes between (C5). Only the strict
// program can tell: it has leaves with D=0, and turns of the hardware.
static void no_store_is_lost(void)
{
    fake_store_hook = note_store;
    for (unsigned what = 0; what < 7; what++)
        for (unsigned turn = 1; turn < 60; turn++) {
            begin();
            CHECK(pt_create(&child) == 0);
            struct frame *frame = install(BASE, FRAME_CACHE, PT_R | PT_W, what == 0);
            struct tlb_batch batch;
            tlb_batch_init(&batch, &pt);
            frame_get(frame); // the index of an object
            stored = false;
            fake_store_countdown = turn;
            change(what, &batch);
            tlb_batch_finish(&batch);
            fake_store_countdown = 0;
            bool before = stored; // one may come while the leaf is being read
            struct pt_leaf leaf = leaf_of(&pt, BASE);
            CHECK(leaf.frame != frame || leaf.dirty || !before);
            pt_destroy(&child);
            frame_put(frame);
            end();
        }
    fake_store_hook = NULL;
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
    TEST(no_store_is_lost);
    return 0;
}
