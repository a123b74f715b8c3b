// SPDX-License-Identifier: MIT
//
// Random life of three spaces on two to four harts, against an oracle that knows what every page must read.
// A small mm of its own stands above the page tables: private pages, private file pages, shared pages, faults
// with copy-on-write, fork, narrowing, unmapping, truncation, destruction, and allocations that fail.
//
// After each step, at a quiet moment: every reference in the machine is recounted from the raw entries and
// compared; every translation that any hart holds must be one that its page table grants now; every hart that
// has a root in satp is in its mask, and no other. In the middle of steps the fake machine watches that no
// frame is put which a hart can still reach.
//
// usage: test_pagetable_random [first seed [number of seeds]]

#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pagetable_private.h"
#include "tests/host/check.h"
#include "tests/host/fake_machine.h"
#include "uapi/errno.h"
#include <stdatomic.h>
#include <string.h>

enum { SPACES = 3, PAGES = 24, HARTS_MOST = 4, STEPS = 400, SEEDS = 48 };
enum kind { ANON, FILE_PRIVATE, SHARED, KINDS };

// Three neighbours around each of these: table and GiB boundaries, both ends of the user half.
static const vaddr_t corners[] = {USER_START,     USER_START + TABLE_SPAN,       (vaddr_t)1 << 30, ((vaddr_t)1 << 30) + 7 * TABLE_SPAN,
                                  (vaddr_t)5 << 30, ((vaddr_t)5 << 30) + PAGE_SIZE * 100, USER_END - TABLE_SPAN, USER_END - PAGE_SIZE};

static vaddr_t page_va(unsigned page)
{
    return corners[page / 3] - page % 3 * PAGE_SIZE;
}

static enum kind page_kind(unsigned page)
{
    return page % KINDS == 0 ? ANON : page / 3 % 2 ? FILE_PRIVATE : SHARED;
}

struct space {
    bool live;
    struct pagetable pt;
    uint64_t value[PAGES]; // of private pages that the space has written
    bool own[PAGES];
};
static struct space spaces[SPACES];
static struct space *active[HARTS_MOST];
static unsigned hart_count;

// The object of page p, for kinds that have one.
static struct frame *object[PAGES];
static uint64_t object_value[PAGES];

static uint64_t next_value = 1;

// --- quiet moments ---------------------------------------------------------------------------------------

static uint32_t expected[FAKE_RAM_FRAMES];

// => returns how often it was expected before
static uint32_t expect(const struct frame *frame)
{
    return expected[(frame_address(frame) - FAKE_RAM_START) / PAGE_SIZE]++;
}

static pte_t raw(struct frame *table, unsigned index)
{
    return __c11_atomic_load((_Atomic pte_t *)frame_memory(table) + index, memory_order_relaxed);
}

// What hangs on a lent table hangs on it once.
static void expect_below(struct frame *table, unsigned level)
{
    unsigned live = 0;
    if (expect(table))
        return;
    for (unsigned i = 0; i < (level == 2 ? TABLE_ENTRIES / 2 : TABLE_ENTRIES); i++) {
        pte_t entry = raw(table, i);
        if (entry)
            level > 0 ? expect_below(frame_at(pte_address(entry)), level - 1) : (void)expect(frame_at(pte_address(entry)));
        live += entry != 0;
        CHECK(!entry || (i >= table->table.low && i < table->table.high));
    }
    CHECK(live == table->table.live);
}

static void recount(void)
{
    memset(expected, 0, sizeof(expected));
    for (unsigned i = 0; i < SPACES; i++)
        if (spaces[i].live)
            expect_below(spaces[i].pt.root, 2);
    for (unsigned p = 0; p < PAGES; p++)
        (void)(object[p] && expect(object[p]));
    for (unsigned i = 0; i < FAKE_RAM_FRAMES; i++) {
        struct frame *frame = frame_at(FAKE_RAM_START + i * PAGE_SIZE);
        uint32_t refs = __c11_atomic_load(&frame->refs, memory_order_relaxed);
        CHECK(refs > FRAME_REFS_MAX || refs == expected[i]);
    }
}

// The entry of the given level for va as it is now; 0 when the way there is not linked.
static pte_t entry_now(struct pagetable *pt, vaddr_t va, unsigned level)
{
    struct frame *table = pt->root;
    for (unsigned l = 2;; l--) {
        pte_t entry = raw(table, va >> (PAGE_SHIFT + 9 * l) & (TABLE_ENTRIES - 1));
        if (l == level || !entry)
            return entry;
        table = frame_at(pte_address(entry));
    }
}

// What a hart remembers under another ASID than that in satp fake_machine.c watches.
static void check_harts(void)
{
    fake_absorb();
    for (unsigned hart = 0; hart < hart_count; hart++) {
        const struct fake_translation *held;
        struct space *space = active[hart];
        for (unsigned i = 0; i < SPACES; i++)
            CHECK(!spaces[i].live || ((atomic_load(&spaces[i].pt.running) >> hart & 1) == (space == &spaces[i]) &&
                                      (space != &spaces[i] || atomic_load(&spaces[i].pt.harts) >> hart & 1)));
        CHECK(fake_root(hart) == (space ? frame_address(space->pt.root) : kernel_root_address()));
        for (unsigned i = 0; (held = fake_held(hart, i)); i++) {
            pte_t now = held->asid == fake_asid(hart) && space ? entry_now(&space->pt, held->va, held->level) : 0;
            if (held->asid != fake_asid(hart))
                continue;
            CHECK(held->level != 1 || now & PTE_VALID); // nothing below a lent entry is remembered anywhere
            CHECK(now && pte_address(now) == pte_address(held->entry));
            CHECK(!(held->entry & PTE_RIGHTS & ~now));
        }
    }
}

// In the middle of a flush, from cpu_spin_turn(): whatever a hart can reach must not have been released.
static void check_reach(void)
{
    fake_absorb();
    for (unsigned hart = 0; hart < hart_count; hart++) {
        const struct fake_translation *held;
        for (unsigned i = 0; (held = fake_held(hart, i)); i++)
            CHECK(held->asid != fake_asid(hart) || atomic_load(&frame_at(pte_address(held->entry))->refs) > 0);
    }
}

// --- faults, in small ------------------------------------------------------------------------------------

static bool copy_page(struct space *space, struct pt_cursor *cursor, struct frame *old)
{
    struct frame *copy = frame_alloc(FRAME_ANON, 0, 0); // a real kernel has a spare in hand here
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    if (copy) {
        memcpy(frame_memory(copy), frame_memory(old), PAGE_SIZE);
        atomic_fetch_or(&copy->flags, FRAME_BUSY);
        pt_replace(cursor, copy, PT_R, &batch);
        CHECK(!pt_exclusive(cursor));
    }
    pt_unlock(cursor);
    tlb_batch_finish(&batch);
    if (copy)
        atomic_fetch_and(&copy->flags, (uint16_t)~FRAME_BUSY);
    return copy != NULL;
}

static bool fill_page(struct pt_cursor *cursor, unsigned page, bool store)
{
    enum kind kind = page_kind(page);
    struct frame *frame = kind != ANON ? object[page] : store ? frame_alloc(FRAME_ANON, 0, ALLOC_ZERO) : frame_span.zero_page;
    if (frame && (kind != ANON || !store))
        frame_get(frame);
    if (frame)
        pt_install(cursor, frame, kind == SHARED || (kind == ANON && store) ? PT_R | PT_W : PT_R, kind != SHARED);
    pt_unlock(cursor);
    return frame != NULL;
}

// One fault on the hart that runs. false: out of memory; else try the access again.
static bool fault(struct space *space, unsigned page, bool store)
{
    struct frame *spare = NULL;
    struct pt_cursor cursor;
    while (pt_lock(&space->pt, page_va(page), &spare, &cursor) == -EAGAIN)
        if (pt_spare_fill(&spare) == -ENOMEM) {
            frame_let_go(&spare);
            return false;
        }
    struct pt_leaf leaf = pt_read(&cursor);
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    bool again = true;
    if (leaf.class == PT_ABSENT) {
        again = fill_page(&cursor, page, store);
    } else if (!(leaf.prot & PT_R)) {
        pt_widen(&cursor, PT_R, &batch); // taken by a narrowing
        pt_unlock(&cursor);
    } else if (store && leaf.class == PT_READONLY && page_kind(page) != SHARED && !pt_exclusive(&cursor)) {
        again = copy_page(space, &cursor, leaf.frame);
    } else {
        if (store && leaf.class == PT_READONLY && page_kind(page) != SHARED)
            pt_claim(&cursor, page_va(page), page_va(page) + PAGE_SIZE, PT_R | PT_W);
        else if (store && leaf.class == PT_READONLY)
            pt_widen(&cursor, PT_R | PT_W, &batch);
        pt_touch(&cursor, store);
        pt_unlock(&cursor);
    }
    frame_let_go(&spare);
    return again;
}

// --- steps -----------------------------------------------------------------------------------------------

static struct space *random_space(bool live)
{
    struct space *space = &spaces[fake_random(SPACES)];
    return space->live == live ? space : NULL;
}

static void step_access(void)
{
    unsigned page = fake_random(PAGES);
    struct space *space = active[fake_hart];
    bool store = fake_random(2);
    uint64_t value = next_value++;
    if (!space)
        return;
    for (unsigned tries = 0; !fake_access(fake_hart, page_va(page), store, &value); tries++) {
        CHECK(tries < 200);
        if (!fault(space, page, store))
            return;
    }
    enum kind kind = page_kind(page);
    if (!store)
        CHECK(value == (kind != SHARED && space->own[page] ? space->value[page] : kind == ANON ? 0 : object_value[page]));
    else if (kind == SHARED)
        object_value[page] = value;
    else
        space->value[page] = value, space->own[page] = true;
}

static void step_activate(void)
{
    struct space *space = fake_random(4) ? random_space(true) : NULL;
    pt_activate(space ? &space->pt : NULL);
    active[fake_hart] = space;
}

static void step_range(void)
{
    struct space *space = random_space(true);
    vaddr_t a = page_va(fake_random(PAGES)), b = page_va(fake_random(PAGES)) + PAGE_SIZE;
    if (!space || a >= b)
        return;
    bool narrow = fake_random(2);
    if (narrow ? pt_own_range(&space->pt, a, b) : pt_own_cut(&space->pt, a, b))
        return;
    if (narrow) {
        pt_change_range(&space->pt, a, b, pt_narrow, fake_random(2) ? PT_R : 0);
    } else {
        pt_clear_range(&space->pt, a, b);
        for (unsigned p = 0; p < PAGES; p++)
            if (page_va(p) >= a && page_va(p) < b)
                space->own[p] = false;
    }
}

static void destroy(struct space *space)
{
    pt_destroy(&space->pt);
    space->live = false;
    for (unsigned hart = 0; hart < hart_count; hart++)
        if (active[hart] == space)
            active[hart] = NULL;
}

static void step_fork(void)
{
    struct space *parent = random_space(true), *child = random_space(false);
    struct tlb_batch batch;
    struct pt_lending lending;
    if (!parent || !child || pt_create(&child->pt) < 0)
        return;
    tlb_batch_init(&batch, &parent->pt);
    child->live = true;
    int error = pt_lend_prepare(&parent->pt, &child->pt);
    if (!error) {
        pt_lend(&parent->pt, &child->pt, &lending, &batch);
        tlb_batch_finish(&batch);
        error = pt_lend_settle(&parent->pt, &child->pt, &lending, (enum fork_mode)(fake_random(5) % 3));
    }
    memcpy(child->value, parent->value, sizeof(child->value));
    memcpy(child->own, parent->own, sizeof(child->own));
    recount();
    CHECK(error == 0 || error == -ENOMEM);
    if (error)
        destroy(child);
}

static void step_life(void)
{
    struct space *space = &spaces[fake_random(SPACES)];
    if (space->live && fake_random(4) == 0)
        destroy(space);
    else if (!space->live && pt_create(&space->pt) == 0)
        space->live = true, memset(space->own, 0, sizeof(space->own));
}

static struct frame *new_object_page(unsigned page)
{
    struct frame *frame = frame_alloc(FRAME_CACHE, 0, ALLOC_ZERO);
    if (frame)
        *(uint64_t *)frame_memory(frame) = object_value[page] = next_value++;
    return frame;
}

// The reverse map in small: out of the index, out of every space, flushed; then the index's reference goes.
static void step_truncate(void)
{
    unsigned page = fake_random(PAGES);
    struct frame *frame = object[page];
    if (!frame)
        return;
    object[page] = NULL;
    for (struct space *space = spaces; space < spaces + SPACES; space++) {
        struct pt_cursor cursor;
        struct tlb_batch batch;
        tlb_batch_init(&batch, &space->pt);
        if (!space->live || !pt_lock_existing(&space->pt, page_va(page), &cursor))
            continue;
        if (pt_read(&cursor).frame == frame)
            pt_clear(&cursor, &batch);
        pt_unlock(&cursor);
        tlb_batch_finish(&batch);
    }
    CHECK(atomic_load(&frame->refs) == 1);
    frame_put(frame);
    while (!(object[page] = new_object_page(page)))
        ;
}

static void life(unsigned seed)
{
    static void (*const steps[])(void) = {step_access, step_access, step_access, step_access, step_access, step_access,
                                          step_activate, step_range, step_fork, step_life, step_truncate};
    hart_count = 2 + seed % 3;
    fake_random_seed(seed);
    fake_sets_a_d = seed % 2;
    fake_stubborn = seed % 4 < 2;
    size_t free_before = frame_free_count();
    for (unsigned p = 0; p < PAGES; p++)
        object[p] = page_kind(p) == ANON ? NULL : new_object_page(p);
    for (unsigned step = 0; step < STEPS; step++) {
        fake_hart = fake_random(hart_count);
        fake_fail_countdown = fake_random(4) ? 0 : 1 + fake_random(20);
        steps[fake_random(sizeof(steps) / sizeof(steps[0]))]();
        fake_fail_countdown = 0;
        recount();
        check_harts();
    }
    for (unsigned i = 0; i < SPACES; i++)
        if (spaces[i].live)
            destroy(&spaces[i]);
    for (unsigned p = 0; p < PAGES; p++)
        if (object[p])
            frame_put(object[p]);
    CHECK(frame_free_count() == free_before);
}

int main(int count, char **arguments)
{
    unsigned first = count > 1 ? (unsigned)atoi(arguments[1]) : 1;
    unsigned seeds = count > 2 ? (unsigned)atoi(arguments[2]) : count > 1 ? 1 : SEEDS;
    fake_machine_boot(HARTS_MOST);
    fake_spin_hook = check_reach;
    pt_lend_least = 2; // the tables here are nearly empty
    for (unsigned seed = first; seed < first + seeds; seed++) {
        printf("# seed %u\n", seed);
        fflush(stdout);
        life(seed);
    }
    printf("ok - life of %u seeds\n", seeds);
    return 0;
}
