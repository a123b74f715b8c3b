// SPDX-License-Identifier: MIT
//
// Objects: pages are filled once whoever asks, errors reach all who wait, dirty pages reach the disk, truncation
// waits for I/O and takes pages out of mappings, reclaim takes what nobody needs and nothing else.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"

static struct fake_file file;

static struct frame *get(uint64_t index)
{
    struct frame *frame = NULL;
    CHECK(vm_object_get(&file.object, index, true, &frame) == 0 && frame);
    return frame;
}

static void begin(uint64_t pages)
{
    fake_file_init(&file, pages);
    CHECK(vm_cached_pages == 0 && vm_dirty_pages == 0);
}

static void end(void)
{
    vm_object_destroy(&file.object);
    CHECK(vm_cached_pages == 0 && vm_dirty_pages == 0);
    fake_audit();
}

static void one_frame_for_all(void)
{
    begin(8);
    struct frame *a = get(3), *b = get(3), *out = NULL;
    CHECK(a == b && a->refs == 3 && file.fills == 1 && *fake_first_word(a) == 0xf1003);
    CHECK(vm_object_indexes(&file.object, 3, a) && vm_cached_pages == 1);
    CHECK(vm_object_peek(&file.object, 3) == a && !vm_object_peek(&file.object, 4));
    CHECK(vm_object_get(&file.object, 8, true, &out) == -ENXIO && vm_object_get(&file.object, 8, false, &out) == -ENXIO);
    CHECK(vm_object_get(&file.object, UINT64_MAX, true, &out) == -ENXIO && !out && file.fills == 1);
    CHECK(vm_object_get(&file.object, 5, false, &out) == 0 && file.fills == 1); // not read
    CHECK(*fake_first_word(out) == 0 && *fake_last_word(out) == 0);
    frame_put(out);
    for (unsigned i = 0; i < 3; i++)
        frame_put(a);
    end();
}

// --- several tasks ----------------------------------------------------------------------------------------

static unsigned got, failed;

static void want_page(void *argument)
{
    struct frame *frame;
    int error = vm_object_get(&file.object, (uintptr_t)argument, true, &frame);
    if (error) {
        CHECK(error == -EIO);
        failed++;
        return;
    }
    CHECK(*fake_first_word(frame) == 0xf1000 + (uintptr_t)argument && !(frame->flags & FRAME_BUSY));
    got++;
    fake_yield();
    frame_put(frame);
}

static void filled_once(void)
{
    for (unsigned seed = 0; seed < 50; seed++) {
        fake_shuffle(seed);
        begin(4);
        file.slow = true;
        file.fill_error = seed % 2 ? -EIO : 0;
        got = failed = 0;
        for (uintptr_t i = 0; i < 12; i++)
            fake_task_start(want_page, (void *)(i % 3));
        fake_tasks_finish();
        CHECK(file.fill_error ? failed == 12 && got == 0 : got == 12 && file.fills == 3);
        CHECK(file.fill_error ? vm_cached_pages == 0 : vm_cached_pages == 3);
        file.fill_error = 0; // after an error the next one tries again
        frame_put(get(0));
        end();
    }
    fake_shuffle(0);
}

static void out_of_memory(void)
{
    begin(4);
    struct frame *frame = NULL;
    unsigned n = 0;
    do {
        CHECK(vm_cached_pages == 0);
        fake_fail_countdown = ++n;
    } while (vm_object_get(&file.object, 2, true, &frame) == -ENOMEM && !frame);
    CHECK(frame && n > 1);
    fake_fail_countdown = 0;
    frame_put(frame);
    end();
}

// --- dirty pages ------------------------------------------------------------------------------------------

static void write_page(uint64_t index, uint64_t value)
{
    struct frame *frame = get(index);
    *fake_first_word(frame) = value;
    vm_object_mark_dirty(&file.object, frame);
    frame_put(frame);
}

static void sync_writes_what_is_dirty(void)
{
    begin(20);
    write_page(3, 30), write_page(3, 31), write_page(7, 70), frame_put(get(5));
    CHECK(vm_dirty_pages == 2);
    CHECK(vm_object_sync(&file.object) == 0 && file.writes == 2 && vm_dirty_pages == 0);
    CHECK(file.disk[3][0] == 31 && file.disk[7][0] == 70 && file.disk[3][1] == 0xf2003);
    CHECK(vm_object_sync(&file.object) == 0 && file.writes == 2);
    write_page(2, 20), write_page(4, 40), write_page(9, 90);
    file.write_error = -EIO; // all are tried, all stay dirty
    CHECK(vm_object_sync(&file.object) == -EIO && file.writes == 5 && vm_dirty_pages == 3);
    file.write_error = 0;
    CHECK(vm_object_sync(&file.object) == 0 && vm_dirty_pages == 0 && file.disk[9][0] == 90);
    struct frame *frame = get(9);
    vm_object_resize(&file.object, 5);
    *fake_first_word(frame) = 1;
    vm_object_mark_dirty(&file.object, frame); // too late: no page of the file any more
    CHECK(vm_dirty_pages == 0 && !vm_object_indexes(&file.object, 9, frame) && frame->refs == 1);
    frame_put(frame);
    write_page(1, 10);
    end(); // dropped, dirty as it is
    CHECK(file.disk[1][0] == 0xf1001);
}

static void keep_writing(void *argument)
{
    for (unsigned i = 0; i < 20; i++) {
        write_page((uintptr_t)argument, i);
        fake_yield();
    }
}

static void keep_syncing(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 10; i++) {
        CHECK(vm_object_sync(&file.object) == 0);
        fake_yield();
    }
}

// Whatever is stored while a page is on its way to the disk makes it dirty again.
static void no_write_is_lost(void)
{
    for (unsigned seed = 1; seed < 60; seed++) {
        fake_shuffle(seed);
        begin(4);
        file.slow = true;
        for (uintptr_t i = 0; i < 3; i++)
            fake_task_start(keep_writing, (void *)i);
        fake_task_start(keep_syncing, NULL);
        fake_task_start(keep_syncing, NULL);
        fake_tasks_finish();
        CHECK(vm_object_sync(&file.object) == 0 && vm_dirty_pages == 0);
        for (unsigned i = 0; i < 3; i++)
            CHECK(file.disk[i][0] == 19);
        end();
    }
    fake_shuffle(0);
}

// --- truncation -------------------------------------------------------------------------------------------

static void sync_slowly(void *argument)
{
    (void)argument;
    CHECK(vm_object_sync(&file.object) == 0);
    got++;
}

static void truncation_waits_for_the_device(void)
{
    begin(8);
    write_page(1, 10), write_page(6, 60);
    file.slow = true;
    got = 0;
    fake_task_start(sync_slowly, NULL);
    while (file.writes < 2) // page 6 is being written
        wait_park(clock_ns() + 100);
    vm_object_resize(&file.object, 2);
    CHECK(file.disk[6][0] == 60 && vm_cached_pages == 1);
    fake_tasks_finish();
    CHECK(got == 1);
    end();
}

// Truncated while mapped: by several spaces, some of the pages copied, some not; a hole in the page tables.
static void truncate_while_mapped(void)
{
    begin(40);
    vaddr_t base = 5 * TABLE_SPAN - 8 * PAGE_SIZE; // across two leaf tables
    struct vm_space *spaces[3] = {vm_space_create(), vm_space_create(), NULL};
    uint64_t value;
    for (unsigned s = 0; s < 2; s++)
        CHECK(fake_map_file(spaces[s], base, 20, PT_R | PT_W, &file, 10) == 0);
    CHECK(fake_map_file(spaces[1], base + 100 * TABLE_SPAN, 5, PT_R, &file, 18) == 0);
    for (unsigned page = 0; page < 20; page++) {
        CHECK(fake_load(spaces[0], 0, base + page * PAGE_SIZE, &value) == VM_FAULT_OK && value == 0xf100a + page);
        CHECK(fake_load(spaces[1], 1, base + page * PAGE_SIZE, &value) == VM_FAULT_OK && value == 0xf100a + page);
    }
    CHECK(fake_store(spaces[1], 1, base + 12 * PAGE_SIZE, 99) == VM_FAULT_OK); // a copy of its own
    CHECK(fake_load(spaces[1], 2, base + 100 * TABLE_SPAN, &value) == VM_FAULT_OK && value == 0xf1012);
    fake_hart = 0;
    CHECK(vm_space_fork(spaces[0], FORK_LEND, &spaces[2]) == 0);
    CHECK(fake_load(spaces[2], 3, base + 9 * PAGE_SIZE, &value) == VM_FAULT_OK && value == 0xf1013);
    CHECK(file.references == 4);
    vm_object_resize(&file.object, 19);
    fake_check_one_memory();
    CHECK(vm_cached_pages == 9);
    for (unsigned s = 0; s < 3; s++)
        for (unsigned page = 0; page < 20; page++) {
            enum vm_fault_result result = fake_load(spaces[s], s, base + page * PAGE_SIZE, &value);
            bool copied = s == 1 && page == 12;
            CHECK(result == (page < 9 || copied ? VM_FAULT_OK : VM_FAULT_NO_BACKING));
            CHECK(result != VM_FAULT_OK || value == (copied ? 99 : 0xf100a + page));
        }
    CHECK(fake_load(spaces[1], 1, base + 100 * TABLE_SPAN, &value) == VM_FAULT_OK);
    CHECK(fake_load(spaces[1], 1, base + 100 * TABLE_SPAN + PAGE_SIZE, &value) == VM_FAULT_NO_BACKING);
    vm_object_resize(&file.object, 40); // longer again: what comes back is read anew
    file.disk[20][0] = 7;
    CHECK(fake_load(spaces[2], 2, base + 10 * PAGE_SIZE, &value) == VM_FAULT_OK && value == 7);
    fake_audit();
    for (unsigned s = 0; s < 3; s++)
        fake_space_put(spaces[s]);
    CHECK(file.references == 0);
    end();
}

// --- reclaim ----------------------------------------------------------------------------------------------

static void reclaim(void)
{
    begin(3000);
    struct frame *held = get(2), *frame;
    write_page(1, 10);
    for (unsigned i = 0; i < 10; i++)
        frame_put(get(i));
    CHECK(vm_cached_pages == 10 && vm_objects_reclaim(3) == 3 && vm_cached_pages == 7);
    CHECK(vm_objects_reclaim(100) == 5 && vm_cached_pages == 2); // not the dirty one, not the held one
    CHECK(vm_object_peek(&file.object, 2) == held);
    frame_put(held), frame_put(held);
    for (unsigned i = 10; i < 20; i++)
        frame_put(get(i));
    CHECK(vm_objects_reclaim(11) == 11);
    frame_put(get(20)), frame_put(get(21)), frame_put(get(21)); // 21 is in use
    CHECK(vm_objects_reclaim(1) == 1 && !vm_object_peek(&file.object, 20));
    // A cache that fills all memory gives way; so does it when the cache itself needs a page.
    size_t most = 0;
    for (unsigned i = 0; i < 3000; i++) {
        int error = vm_object_get(&file.object, i, false, &frame);
        CHECK(error == 0);
        frame_put(frame);
        most = vm_cached_pages > most ? vm_cached_pages : most;
    }
    CHECK(most > 1500 && most < 2048);
    frame = frame_alloc_reclaim(FRAME_KERNEL, 3, 0);
    CHECK(frame);
    frame_put(frame);
    end();
}

int main(void)
{
    fake_mm_boot(4);
    TEST(one_frame_for_all); // it also makes the slabs for radix nodes known
    size_t free = frame_free_count();
    TEST(filled_once);
    TEST(out_of_memory);
    TEST(sync_writes_what_is_dirty);
    TEST(no_write_is_lost);
    TEST(truncation_waits_for_the_device);
    TEST(truncate_while_mapped);
    TEST(reclaim);
    CHECK(frame_free_count() == free);
}
