// SPDX-License-Identifier: MIT
//
// A fault that reads one page of a file maps its cached neighbours: which ones, and none that truncation has taken
// away in between.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"

#define PAGES 8
#define BASE  (5 * TABLE_SPAN)

static struct fake_file file;
static struct vm_space *space;
static unsigned left;
static uint64_t shuffles;

static vaddr_t at(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

static void end(void)
{
    CHECK(file.references == 0);
    vm_object_destroy(&file.object);
    fake_audit();
}

static void neighbours_come_along(void)
{
    struct frame *frame;
    uint64_t word;
    space = vm_space_create();
    fake_file_init(&file, 60);
    vaddr_t start = 7 * TABLE_SPAN - 4 * PAGE_SIZE; // windows: 4 pages, 16, 16, 4
    CHECK(fake_map_file(space, start, 40, PT_R | PT_W, &file, 10) == 0);
    for (unsigned page = 8; page < 60; page++)
        if (page != 20) {
            CHECK(vm_object_get(&file.object, page, true, &frame) == 0);
            frame_put(frame);
        }
    CHECK(fake_store(space, 0, start + 8 * PAGE_SIZE, 5) == VM_FAULT_OK); // a page of our own
    CHECK(fake_load(space, 0, start + 5 * PAGE_SIZE, &word) == VM_FAULT_OK && word == 0xf1000 + 15);
    for (unsigned page = 0; page < 40; page++)
        CHECK((fake_leaf(space, start + page * PAGE_SIZE).class != PT_ABSENT) == (page >= 4 && page < 20 && page != 10));
    unsigned fills = file.fills;
    CHECK(fake_load(space, 0, start + 11 * PAGE_SIZE, &word) == VM_FAULT_OK && word == 0xf1000 + 21);
    CHECK(fake_load(space, 0, start + 8 * PAGE_SIZE, &word) == VM_FAULT_OK && word == 5 && file.fills == fills);
    CHECK(fake_load(space, 0, start + 38 * PAGE_SIZE, &word) == VM_FAULT_OK && word == 0xf1000 + 48);
    CHECK(fake_leaf(space, start + 36 * PAGE_SIZE).class == PT_READONLY);
    fake_audit();
    fake_space_put(space);
    end();
}

// The file is cut behind the page that a fault is about, between looking for its neighbours and mapping them.
static void cutter(void *argument)
{
    struct frame *frame;
    for (unsigned i = 0; i < 30; i++) {
        for (unsigned page = 0; page < PAGES; page++) {
            CHECK(!argument && vm_object_get(&file.object, page, true, &frame) == 0);
            frame_put(frame);
        }
        fake_yield();
        vm_object_resize(&file.object, 1);
        vm_object_resize(&file.object, PAGES);
    }
    left--;
}

static void reader(void *argument)
{
    for (uint64_t word; left > 0; fake_yield()) {
        CHECK(!argument && vm_discard(space, at(0), at(PAGES), false) == 0);
        CHECK(fake_load(space, 0, at(0), &word) == VM_FAULT_OK);
        fake_mm_shuffle(0); // nobody else for a moment
        for (unsigned i = 0; i < PAGES && !rwlock_held(&file.object.lock.lock); i++) {
            struct frame *frame = fake_leaf(space, at(i)).frame;
            CHECK(!frame || vm_object_indexes(&file.object, i, frame));
        }
        fake_mm_shuffle(++shuffles);
    }
}

static void neighbours_against_truncation(void)
{
    for (uint64_t seed = 1; seed < 100; seed++) {
        fake_random_seed(seed);
        fake_file_init(&file, PAGES);
        space = vm_space_create();
        CHECK(fake_map_file(space, at(0), PAGES, PT_R, &file, 0) == 0);
        left = 1;
        fake_mm_shuffle(shuffles = seed << 32);
        fake_task_start(cutter, NULL);
        fake_task_start(reader, NULL);
        fake_tasks_finish();
        fake_mm_shuffle(0);
        fake_space_put(space);
        end();
    }
}

int main(void)
{
    fake_mm_boot(2);
    TEST(neighbours_come_along);
    TEST(neighbours_against_truncation);
}
