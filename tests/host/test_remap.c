// SPDX-License-Identifier: MIT
//
// mremap on the fake machine, and what all changes of mappings promise: when memory runs out, at whichever
// allocation, they say so and nothing has changed.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

#define PAGES 16
#define BASE  (5 * TABLE_SPAN - 6 * PAGE_SIZE) // across two leaf tables
#define FAR   ((vaddr_t)3 << 30)               // another level-1 table

static struct fake_file file;
static struct vm_space *space;

static vaddr_t at(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

// Pages 0-5 memory, 6-9 a private file with one page copied, 10-15 the file shared; a word in every page.
static void begin(void)
{
    uint64_t word;
    fake_file_init(&file, 64);
    space = vm_space_create();
    CHECK(fake_map(space, at(0), 6, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_map_file(space, at(6), 4, PT_R | PT_W, &file, 6) == 0);
    CHECK(fake_map_shared(space, at(10), 6, PT_R | PT_W, &file, 10) == 0);
    for (unsigned page = 0; page < PAGES; page++)
        if (page < 7 || page >= 10)
            CHECK(fake_store(space, 0, at(page), 100 + page) == VM_FAULT_OK);
        else
            CHECK(fake_load(space, 0, at(page), &word) == VM_FAULT_OK);
}

static void end(void)
{
    fake_audit();
    fake_space_put(space);
    CHECK(file.references == 0);
    vm_object_destroy(&file.object);
    fake_audit();
}

static uint64_t expected(unsigned page)
{
    return page < 7 || page >= 10 ? 100 + page : 0xf1000 + page;
}

static bool shows(vaddr_t va, unsigned page)
{
    uint64_t word = 0;
    return fake_load(space, 0, va, &word) == VM_FAULT_OK && word == expected(page);
}

static bool is_absent(vaddr_t va)
{
    uint64_t word;
    return fake_load(space, 0, va, &word) == VM_FAULT_NO_REGION;
}

// --- what moves -------------------------------------------------------------------------------------------

static void pages_move_with_their_frames(void)
{
    for (unsigned first = 0; first < PAGES; first++) {
        unsigned end_of_kind = first < 6 ? 6 : first < 10 ? 10 : PAGES;
        for (unsigned count = 1; first + count <= end_of_kind; count++) {
            begin();
            struct frame *frames[PAGES];
            vaddr_t out, to = FAR + (first + count) * 3 * PAGE_SIZE;
            struct vm_remap_request request = {at(first), count * PAGE_SIZE, count * PAGE_SIZE, true, true, to};
            for (unsigned i = 0; i < count; i++)
                frames[i] = fake_leaf(space, at(first + i)).frame;
            CHECK(vm_remap(space, &request, &out) == 0 && out == to && fake_mapped_pages(space) == PAGES);
            fake_check_one_memory();
            for (unsigned i = 0; i < count; i++)
                CHECK(fake_leaf(space, to + i * PAGE_SIZE).frame == frames[i] && is_absent(at(first + i)));
            for (unsigned page = 0; page < PAGES; page++) {
                bool moved = page >= first && page < first + count;
                CHECK(shows(moved ? to + (page - first) * PAGE_SIZE : at(page), page));
            }
            CHECK(fake_store(space, 1, to, 5) == VM_FAULT_OK);
            vm_object_resize(&file.object, 0);
            uint64_t word;
            enum vm_fault_result gone = fake_load(space, 0, to + (count - 1) * PAGE_SIZE, &word);
            bool copied = first + count - 1 <= 6 || (first >= 6 && first < 10 && count == 1); // pages of our own
            CHECK(gone == (copied ? VM_FAULT_OK : VM_FAULT_NO_BACKING));
            end();
        }
    }
}

// No file has more bytes than a signed number counts; a mapping may grow over that, for nothing is there.
static void behind_the_last_page(void)
{
    const uint64_t last = INT64_MAX >> PAGE_SHIFT;
    begin();
    vaddr_t out;
    CHECK(fake_map_file(space, at(PAGES), 2, PT_R, &file, last - 1) == -EOVERFLOW);
    CHECK(fake_map_file(space, at(PAGES), 2, PT_R, &file, last - 2) == 0);
    struct vm_remap_request request = {at(PAGES), 2 * PAGE_SIZE, 3 * PAGE_SIZE, true, false, 0};
    CHECK(vm_remap(space, &request, &out) == 0);
    end();
}

static void over_something_else(void)
{
    begin();
    vaddr_t out;
    struct vm_remap_request request = {at(10), 4 * PAGE_SIZE, 5 * PAGE_SIZE, true, true, at(3)};
    CHECK(vm_remap(space, &request, &out) == 0 && out == at(3) && fake_mapped_pages(space) == PAGES - 4);
    for (unsigned page = 0; page < PAGES; page++) {
        if (page >= 10 && page < 14)
            CHECK(is_absent(at(page)));
        else
            CHECK(shows(at(page), page >= 3 && page < 8 ? page + 7 : page));
    }
    CHECK(fake_store(space, 1, at(3), 1) == VM_FAULT_OK && vm_object_sync(&file.object) == 0 && file.disk[10][0] == 1);
    end();
}

// --- memory runs out --------------------------------------------------------------------------------------

struct snapshot {
    unsigned regions;
    struct vm_region region[16];
    struct pt_leaf leaf[PAGES + 8];
};

static void take(struct snapshot *snapshot)
{
    memset(snapshot, 0, sizeof(*snapshot));
    rwlock_read(&space->map_lock);
    for (struct vm_region *r = vm_region_at_or_after(space, 0); r; r = vm_region_next(r))
        snapshot->region[snapshot->regions++] = *r;
    rwlock_read_unlock(&space->map_lock);
    for (unsigned i = 0; i < PAGES + 8; i++)
        snapshot->leaf[i] = fake_leaf(space, i < PAGES ? at(i) : FAR + (i - PAGES) * PAGE_SIZE);
}

static bool same(const struct snapshot *a, const struct snapshot *b)
{
    bool equal = a->regions == b->regions;
    for (unsigned i = 0; equal && i < a->regions; i++) {
        const struct vm_region *x = &a->region[i], *y = &b->region[i];
        equal = x->start == y->start && x->end == y->end && x->kind == y->kind && x->prot == y->prot &&
                x->object == y->object && x->object_page == y->object_page;
    }
    for (unsigned i = 0; equal && i < PAGES + 8; i++)
        equal = a->leaf[i].frame == b->leaf[i].frame && a->leaf[i].prot == b->leaf[i].prot;
    return equal;
}

static int change(unsigned what)
{
    vaddr_t out;
    const struct vm_remap_request remaps[] = {
        {at(1), 3 * PAGE_SIZE, 3 * PAGE_SIZE, true, true, FAR},      // the middle of a region, new tables
        {at(11), 2 * PAGE_SIZE, 5 * PAGE_SIZE, true, true, at(2)},   // longer, over parts of two
        {at(1), 7 * PAGE_SIZE, 2 * PAGE_SIZE, true, true, at(12)},   // shorter, over the middle of one
        {at(7), 2 * PAGE_SIZE, 20 * PAGE_SIZE, true, false, 0},      // to where there is room
        {at(12), 0, 2 * PAGE_SIZE, true, true, at(1)},               // a second time
        {at(1), 9 * PAGE_SIZE, PAGE_SIZE, false, false, 0},          // shorter
    };
    switch (what) {
    case 0:
        return vm_unmap(space, at(2), 2 * PAGE_SIZE);
    case 1:
        return vm_unmap(space, at(4), 8 * PAGE_SIZE);
    case 2:
        return vm_protect(space, at(4), 8 * PAGE_SIZE, PT_R);
    case 3:
        return fake_map(space, at(1), 2, VM_ANON, PT_R);
    case 4:
        return fake_map_shared(space, at(3), 9, PT_R | PT_W, &file, 3);
    default:
        return what - 5 < sizeof(remaps) / sizeof(remaps[0]) ? vm_remap(space, &remaps[what - 5], &out) : -EINVAL;
    }
}

static void failures_change_nothing(void)
{
    unsigned failures = 0, what = 0;
    for (int error = 0; error != -EINVAL; what++) {
        bool failed = true;
        for (unsigned n = 1; failed && error != -EINVAL; n++) {
            struct snapshot before, after;
            begin();
            take(&before);
            int references = file.references;
            fake_fail_countdown = n;
            error = change(what);
            failed = !fake_fail_countdown;
            fake_fail_countdown = 0;
            take(&after);
            CHECK(error == 0 || error == -EINVAL || (error == -ENOMEM && failed));
            CHECK(same(&before, &after) == (error != 0));
            CHECK(!error || file.references == references);
            for (unsigned page = 0; error && page < PAGES; page++)
                CHECK(shows(at(page), page));
            failures += error == -ENOMEM;
            end();
        }
    }
    CHECK(what == 12 && failures >= 15);
}

int main(void)
{
    fake_mm_boot(2);
    pt_lend_least = 0; // the tables here are nearly empty
    TEST(pages_move_with_their_frames);
    TEST(behind_the_last_page);
    TEST(over_something_else);
    TEST(failures_change_nothing);
}
