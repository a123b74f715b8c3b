// SPDX-License-Identifier: MIT
//
// Shared mappings: no store is lost whatever comes in between (docs/TESTING.md, mutant C5), a clean page is
// the disk's and nobody can write it, fork leaves both sides writable, truncation and reclaim find what they must.

#include "arch/riscv/pte.h"
#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"

#define PAGES 8
#define BASE  (5 * TABLE_SPAN - 3 * PAGE_SIZE) // across two leaf tables
#define AWAY  (9 * TABLE_SPAN - 5 * PAGE_SIZE)

static struct fake_file file;

static vaddr_t at(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

static bool somebody_can_write(const struct frame *frame)
{
    const struct fake_translation *held;
    fake_absorb();
    for (unsigned hart = 0; hart < harts_online(); hart++)
        for (unsigned i = 0; (held = fake_held(hart, i)); i++)
            if (held->level == 0 && held->asid == fake_asid(hart) && held->entry & PTE_WRITE &&
                pte_address(held->entry) == frame_address(frame))
                return true;
    return false;
}

// At any moment: what is neither dirty nor on its way to the disk is what the disk has, and stays so.
static void check_clean_pages(void)
{
    struct frame *frame;
    for (uint64_t index = 0; (frame = radix_next(&file.object.pages, &index)); index++)
        if (!(frame->flags & (FRAME_DIRTY | FRAME_BUSY)))
            CHECK(*fake_first_word(frame) == file.disk[index][0] && !somebody_can_write(frame));
}

static void end(void)
{
    CHECK(vm_object_sync(&file.object) == 0 && vm_dirty_pages == 0 && file.references == 0);
    vm_object_destroy(&file.object);
    CHECK(vm_cached_pages == 0);
    fake_audit();
}

// --- one thing at a time ----------------------------------------------------------------------------------

static void written_back_and_seen_again(void)
{
    struct vm_space *one = vm_space_create(), *two = vm_space_create();
    uint64_t word;
    fake_file_init(&file, PAGES);
    CHECK(fake_map_shared(one, at(0), PAGES, PT_R | PT_W, &file, 0) == 0);
    CHECK(fake_map_shared(two, AWAY, PAGES - 1, PT_R | PT_W, &file, 1) == 0);
    CHECK(fake_load(one, 0, at(3), &word) == VM_FAULT_OK && word == 0xf1003);
    CHECK(fake_leaf(one, at(3)).class == PT_READONLY && vm_dirty_pages == 0);
    for (uint64_t round = 1; round < 4; round++) {
        CHECK(fake_store(one, 0, at(3), round) == VM_FAULT_OK && fake_store(one, 2, at(4), round) == VM_FAULT_OK);
        CHECK(fake_load(two, 1, AWAY + 2 * PAGE_SIZE, &word) == VM_FAULT_OK && word == round);
        CHECK(fake_store(two, 1, AWAY + 2 * PAGE_SIZE, round + 10) == VM_FAULT_OK);
        CHECK(fake_load(one, 2, at(3), &word) == VM_FAULT_OK && word == round + 10);
        CHECK(vm_dirty_pages == 2);
        CHECK(vm_object_sync(&file.object) == 0 && file.disk[3][0] == round + 10 && file.disk[4][0] == round);
        CHECK(file.writes == 2 * round && vm_dirty_pages == 0);
        CHECK(fake_leaf(one, at(3)).class == PT_READONLY && fake_leaf(two, AWAY + 2 * PAGE_SIZE).class == PT_READONLY);
        check_clean_pages();
    }
    CHECK(vm_object_sync(&file.object) == 0 && file.writes == 6);
    // What is stored shortly before unmap, protect, discard and exit is not forgotten.
    CHECK(fake_store(one, 0, at(0), 20) == VM_FAULT_OK && vm_unmap(one, at(0), PAGE_SIZE) == 0);
    CHECK(fake_store(one, 0, at(1), 21) == VM_FAULT_OK && vm_protect(one, at(1), PAGE_SIZE, PT_R) == 0);
    CHECK(fake_store(one, 0, at(2), 22) == VM_FAULT_OK && vm_discard(one, at(2), at(3), false) == 0);
    CHECK(fake_store(two, 1, AWAY + 4 * PAGE_SIZE, 25) == VM_FAULT_OK);
    CHECK(fake_store(one, 0, at(1), 1) == VM_FAULT_NO_PERMISSION && fake_load(one, 0, at(2), &word) == VM_FAULT_OK);
    CHECK(word == 22);
    fake_space_put(two);
    CHECK(vm_objects_reclaim(100) < PAGES && vm_object_sync(&file.object) == 0);
    CHECK(file.disk[0][0] == 20 && file.disk[1][0] == 21 && file.disk[2][0] == 22 && file.disk[5][0] == 25);
    fake_space_put(one);
    end();
}

static void rights_and_a_full_disk(void)
{
    struct vm_space *space = vm_space_create();
    vaddr_t out;
    uint64_t word;
    fake_file_init(&file, PAGES);
    struct vm_map_request request = {.address = at(0), .bytes = PAGE_SIZE, .kind = VM_SHARED, .prot = PT_R, .fixed = true,
                                     .never_write = true, .object = &file.object,
                                     .file = &file};
    CHECK(vm_map(space, &request, &out) == 0 && vm_protect(space, out, PAGE_SIZE, PT_R | PT_W) == -EACCES);
    CHECK(vm_protect(space, out, PAGE_SIZE, PT_R | PT_X) == 0 && vm_protect(space, out, 1, 0) == 0);
    CHECK(fake_map_shared(space, at(1), PAGES, PT_R | PT_W, &file, 1) == 0);
    CHECK(vm_protect(space, at(0), 2 * PAGE_SIZE, PT_W) == -EACCES && vm_protect(space, at(1), PAGE_SIZE, PT_W) == 0);
    file.reserve_error = -ENOSPC;
    CHECK(fake_store(space, 0, at(2), 1) == VM_FAULT_NO_BACKING && vm_dirty_pages == 0);
    CHECK(fake_load(space, 0, at(2), &word) == VM_FAULT_OK && word == 0xf1002);
    file.reserve_error = 0;
    CHECK(fake_store(space, 0, at(2), 1) == VM_FAULT_OK && vm_dirty_pages == 1);
    CHECK(fake_store(space, 0, at(PAGES), 1) == VM_FAULT_NO_BACKING); // past the end
    file.write_error = -EIO;
    CHECK(vm_object_sync(&file.object) == -EIO && vm_dirty_pages == 1);
    file.write_error = 0;
    fake_space_put(space);
    end();
}

static void fork_shares(void)
{
    for (unsigned mode = FORK_LEND; mode <= FORK_COPY; mode++) {
        struct vm_space *parent = vm_space_create(), *child;
        uint64_t word;
        fake_file_init(&file, PAGES);
        CHECK(fake_map_shared(parent, at(0), PAGES, PT_R | PT_W, &file, 0) == 0);
        CHECK(fake_store(parent, 0, at(1), 7) == VM_FAULT_OK && fake_store(parent, 0, at(5), 7) == VM_FAULT_OK);
        fake_hart = 0;
        CHECK(vm_space_fork(parent, mode, &child) == 0 && file.references == 2);
        CHECK(fake_store(child, 1, at(1), 8) == VM_FAULT_OK && fake_load(parent, 0, at(1), &word) == VM_FAULT_OK);
        CHECK(word == 8 && fake_leaf(parent, at(1)).frame == fake_leaf(child, at(1)).frame);
        CHECK(fake_store(parent, 0, at(1), 9) == VM_FAULT_OK && fake_load(child, 1, at(1), &word) == VM_FAULT_OK);
        CHECK(word == 9 && fake_leaf(parent, at(1)).class == PT_WRITABLE && fake_leaf(child, at(1)).class == PT_WRITABLE);
        CHECK(vm_object_sync(&file.object) == 0 && file.disk[1][0] == 9 && file.disk[5][0] == 7);
        check_clean_pages();
        CHECK(fake_store(child, 1, at(2), 5) == VM_FAULT_OK);
        vm_object_resize(&file.object, 2);
        CHECK(fake_load(child, 1, at(2), &word) == VM_FAULT_NO_BACKING);
        CHECK(fake_load(parent, 0, at(5), &word) == VM_FAULT_NO_BACKING);
        fake_space_put(parent);
        fake_space_put(child);
        end();
    }
}

// Pages that have no other place stay until they are given up; those never written can come back as zeros.
static int fill_zero(struct vm_object *object, uint64_t index, struct frame *frame)
{
    CHECK(object->ops && index < PAGES);
    *fake_first_word(frame) = 0;
    return 0;
}

static int nothing_to_reserve(struct vm_object *object, uint64_t index, struct frame *frame, uint64_t end_bytes)
{
    return object && index < PAGES && frame && !end_bytes ? 0 : -EIO;
}

static void memory_without_a_disk(void)
{
    static const struct vm_object_ops ops = {.fill = fill_zero, .before_write = nothing_to_reserve};
    struct vm_space *space = vm_space_create();
    uint64_t word;
    fake_file_init(&file, PAGES);
    file.object.ops = &ops;
    CHECK(fake_map_shared(space, at(0), PAGES, PT_R | PT_W, &file, 0) == 0);
    CHECK(fake_store(space, 0, at(1), 3) == VM_FAULT_OK && fake_load(space, 0, at(2), &word) == VM_FAULT_OK);
    CHECK(vm_dirty_pages == 0 && vm_object_sync(&file.object) == 0);
    CHECK(vm_unmap(space, at(0), PAGES * PAGE_SIZE) == 0);
    CHECK(vm_objects_reclaim(10) == 1 && vm_cached_pages == 1);
    CHECK(fake_map_shared(space, at(0), PAGES, PT_R, &file, 0) == 0);
    CHECK(fake_load(space, 0, at(1), &word) == VM_FAULT_OK && word == 3);
    fake_space_put(space);
    end();
}

// Write-back by another hart while one waits for the rest to flush what it has changed.
static unsigned interruptions;

static void write_back_in_between(void)
{
    unsigned self = fake_hart;
    if (rwlock_held(&file.object.lock.lock))
        return;
    fake_spin_hook = NULL;
    fake_hart = 2;
    CHECK(vm_object_sync(&file.object) == 0);
    check_clean_pages();
    fake_hart = self;
    interruptions++;
}

static void pending_flushes_hide_no_store(void)
{
    for (unsigned what = 0; what < 5; what++) {
        struct vm_space *space = vm_space_create();
        struct vm_remap_request request = {at(0), 2 * PAGE_SIZE, 2 * PAGE_SIZE, true, true, AWAY};
        vaddr_t out;
        fake_file_init(&file, PAGES);
        CHECK(fake_map_shared(space, at(0), PAGES, PT_R | PT_W, &file, 0) == 0);
        for (unsigned hart = 0; hart < 2; hart++)
            CHECK(fake_store(space, hart, at(0), 5) == VM_FAULT_OK && fake_store(space, hart, at(1), 5) == VM_FAULT_OK);
        fake_hart = 0;
        interruptions = 0;
        fake_spin_hook = write_back_in_between;
        if (what == 0)
            CHECK(vm_unmap(space, at(0), 2 * PAGE_SIZE) == 0);
        else if (what == 1)
            CHECK(vm_protect(space, at(0), 2 * PAGE_SIZE, PT_R) == 0);
        else if (what == 2)
            CHECK(vm_discard(space, at(0), at(2), false) == 0);
        else if (what == 3)
            CHECK(fake_map(space, at(0), 2, VM_ANON, PT_R) == 0);
        else
            CHECK(vm_remap(space, &request, &out) == 0);
        fake_spin_hook = NULL;
        CHECK(interruptions == (what != 1)); // after that one the leaves had lost W before
        fake_space_put(space);
        end();
    }
}

// --- several at once --------------------------------------------------------------------------------------

#define WRITERS 3
static struct vm_space *space;
static uint64_t last[PAGES]; // what was last stored to each page
static unsigned left;
static bool cut;

// Each has pages of its own; the last one runs in a space of its own.
static void writer(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;
    struct vm_space *mine = space;
    if (self == WRITERS - 1) {
        mine = vm_space_create();
        CHECK(fake_map_shared(mine, at(0), PAGES, PT_R | PT_W, &file, 0) == 0);
    }
    for (unsigned i = 1; i <= 120; i++) {
        unsigned page = self + WRITERS * fake_random((PAGES - self + WRITERS - 1) / WRITERS);
        uint64_t word;
        if (fake_random(2))
            CHECK(fake_load(mine, self, at(fake_random(PAGES)), &word) != VM_FAULT_NO_MEMORY);
        if (fake_store(mine, self, at(page), i) == VM_FAULT_OK)
            last[page] = i;
        check_clean_pages();
        if (fake_load(mine, self, at(page), &word) == VM_FAULT_OK)
            CHECK(cut || word == (last[page] ? last[page] : 0xf1000 + page));
        if (fake_random(3) == 0)
            fake_yield();
    }
    if (mine != space)
        fake_space_put(mine);
    left--;
}

static void syncer(void *argument)
{
    (void)argument;
    while (left > 0) {
        CHECK(vm_object_sync(&file.object) == 0);
        vm_objects_reclaim(2);
        check_clean_pages();
        wait_park(clock_ns() + 500); // time goes on when everybody sleeps
    }
}

static void disturb(unsigned first, unsigned count)
{
    vaddr_t start = at(first), out;
    struct vm_remap_request there = {start, count * PAGE_SIZE, count * PAGE_SIZE, true, true, AWAY},
                            back = {AWAY, count * PAGE_SIZE, count * PAGE_SIZE, true, true, start};
    struct vm_space *child;
    switch (fake_random(6)) {
    case 0:
        CHECK(vm_protect(space, start, count * PAGE_SIZE, PT_R) == 0);
        fake_yield();
        CHECK(vm_protect(space, start, count * PAGE_SIZE, PT_R | PT_W) == 0);
        break;
    case 1:
        CHECK(vm_unmap(space, start, count * PAGE_SIZE) == 0);
        fake_yield();
        CHECK(fake_map_shared(space, start, count, PT_R | PT_W, &file, first) == 0);
        break;
    case 2:
        CHECK(vm_remap(space, &there, &out) == 0 && out == AWAY);
        fake_yield();
        CHECK(vm_remap(space, &back, &out) == 0 && out == start);
        break;
    case 3:
        CHECK(vm_discard(space, start, start + count * PAGE_SIZE, false) == 0);
        break;
    case 4:
        if (vm_space_fork(space, FORK_LEND, &child) == 0) {
            uint64_t word;
            CHECK(fake_load(child, 4, at(first), &word) == VM_FAULT_OK || cut);
            fake_space_put(child);
        }
        break;
    default:
        fake_audit();
    }
}

static void disturber(void *argument)
{
    (void)argument;
    while (left > 0) {
        unsigned first = fake_random(PAGES), count = 1 + fake_random(PAGES - first);
        fake_hart = 3;
        if (cut && fake_random(3) == 0) {
            vm_object_resize(&file.object, fake_random(PAGES));
            fake_yield();
            vm_object_resize(&file.object, PAGES);
        } else {
            disturb(first, count);
        }
        check_clean_pages();
        wait_park(clock_ns() + 500); // time goes on when everybody sleeps
    }
}

static void no_store_is_lost(void)
{
    for (uint64_t seed = 1; seed < 400; seed++) {
        fake_random_seed(seed);
        fake_file_init(&file, PAGES);
        file.slow = seed % 2;
        cut = seed % 3 == 0;
        for (unsigned i = 0; i < PAGES; i++)
            last[i] = 0;
        space = vm_space_create();
        CHECK(fake_map_shared(space, at(0), PAGES, PT_R | PT_W, &file, 0) == 0);
        left = WRITERS;
        fake_mm_shuffle(seed);
        for (uintptr_t t = 0; t < WRITERS; t++)
            fake_task_start(writer, (void *)t);
        fake_task_start(syncer, NULL);
        fake_task_start(disturber, NULL);
        fake_tasks_finish();
        fake_mm_shuffle(0);
        CHECK(vm_object_sync(&file.object) == 0);
        for (unsigned i = 0; i < PAGES; i++) {
            struct frame *frame = fake_leaf(space, at(i)).frame;
            CHECK(!frame || vm_object_indexes(&file.object, i, frame));
            CHECK(cut || file.disk[i][0] == (last[i] ? last[i] : 0xf1000 + i));
        }
        fake_space_put(space);
        end();
    }
}

int main(void)
{
    fake_mm_boot(6);
    pt_lend_least = 0; // the tables here are nearly empty
    TEST(written_back_and_seen_again);
    TEST(rights_and_a_full_disk);
    TEST(fork_shares);
    TEST(memory_without_a_disk);
    TEST(pending_flushes_hide_no_store);
    TEST(no_store_is_lost);
}
