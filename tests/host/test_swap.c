// SPDX-License-Identifier: MIT
//
// Swap over the real faults, page tables and reclaim: out and in, fork, every way to drop what is on the disk, errors,
// faults in the middle of writing.

#include "mm/audit.h"
#include "tests/host/fake_swap.h"

static void out_and_in(void)
{
    begin(PAGES);
    size_t free = frame_free_count();
    swap_out_all();
    CHECK(slots_in_use() == PAGES && frame_free_count() == free + PAGES);
    CHECK(fake_leaf(space, AT(3)).class == PT_SWAPPED && !fake_leaf(space, AT(3)).frame);
    fake_audit();
    unsigned before = reads;
    holds(space, 3, 4);
    CHECK(reads == before + 1 && slots_in_use() == PAGES - 1 && fake_leaf(space, AT(3)).class == PT_READONLY);
    CHECK(fake_store(space, 0, AT(3), 30) == VM_FAULT_OK && fake_leaf(space, AT(3)).class == PT_WRITABLE);
    CHECK(fake_store(space, 0, AT(4), 40) == VM_FAULT_OK && fake_leaf(space, AT(4)).frame->refs == 1);
    holds(space, 3, 30);
    holds(space, 4, 40);
    swap_out_all();
    CHECK(slots_in_use() == PAGES);
    holds(space, 3, 30);
    CHECK(vm_protect(space, AT(5), PAGE_SIZE, PT_R) == 0 && fake_store(space, 0, AT(5), 1) == VM_FAULT_NO_PERMISSION);
    holds(space, 5, 6);
    CHECK(vm_protect(space, AT(6), PAGE_SIZE, 0) == 0 && fake_load(space, 0, AT(6), &value) == VM_FAULT_NO_PERMISSION);
    end();
}

// A page that was used since the hand last came by stays.
static void second_chance(void)
{
    begin(4);
    fake_sets_a_d = true;
    CHECK(vm_spaces_reclaim(true) == 4 && slots_in_use() == 4); // two rounds in one: nobody touched them in between
    holds(space, 1, 2);
    unsigned what = PT_RECLAIM_ANON;
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    vaddr_t hand = 0;
    fake_hart = 0;
    CHECK(pt_reclaim(&space->pt, &hand, what, 8, &batch) == 0 && hand == 0 && !fake_leaf(space, AT(1)).accessed);
    CHECK(fake_leaf(space, AT(1)).class == PT_READONLY);
    end();
}

static void fork_shares_slots(void)
{
    begin(8);
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    swap_out_all();
    CHECK(slots_in_use() == 0); // frames that both name stay
    fake_space_put(child);
    end();
    for (enum fork_mode mode = FORK_COW; mode <= FORK_COPY; mode++) {
        begin(8);
        swap_out_all();
        holds(space, 0, 1); // in RAM, the others on the disk
        CHECK(vm_space_fork(space, mode, &child) == 0 && slots_in_use() == 7);
        fake_audit();
        CHECK(fake_store(child, 1, AT(1), 100) == VM_FAULT_OK && slots_in_use() == 7);
        holds(space, 1, 2);
        holds(child, 1, 100);
        CHECK(slots_in_use() == 6 && fake_leaf(space, AT(1)).frame->refs == 1);
        CHECK(vm_unmap(child, AT(2), PAGE_SIZE) == 0 && slots_in_use() == 6);
        fake_audit();
        holds(space, 2, 3);
        CHECK(vm_unmap(space, AT(3), PAGE_SIZE) == 0);
        holds(child, 3, 4);
        swap_out_all(); // nothing goes that both name
        fake_audit();
        fake_space_put(child);
        for (unsigned page = 4; page < 8; page++)
            holds(space, page, page + 1);
        end();
    }
}

// --- while pages are being written ------------------------------------------------------------------------

static void touch_everything(void)
{
    unsigned self = fake_hart, before = reads;
    during_write = NULL;
    holds(space, 0, 1); // the frame is still there
    CHECK(fake_leaf(space, AT(0)).class == PT_READONLY && fake_leaf(space, AT(0)).frame->refs == 2 && reads == before);
    CHECK(fake_store(space, 2, AT(1), 77) == VM_FAULT_OK); // copied: what is being written stays
    CHECK(vm_unmap(space, AT(2), PAGE_SIZE) == 0);
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    holds(child, 3, 4);
    CHECK(vm_unmap(space, AT(4), 4 * PAGE_SIZE) == 0);
    fake_hart = self;
}

static void faults_during_write(void)
{
    begin(8);
    during_write = touch_everything;
    CHECK(vm_spaces_reclaim(true) == 8);
    fake_audit();
    holds(space, 0, 1);
    holds(space, 1, 77);
    holds(space, 3, 4);
    for (unsigned page = 3; page < 8; page++)
        holds(child, page, page + 1);
    fake_space_put(child);
    end();
}

static void die(void)
{
    during_write = NULL;
    fake_space_put(space);
    CHECK(slots_in_use() == 0);
    space = vm_space_create();
}

static void death_during_write(void)
{
    begin(8);
    during_write = die;
    vm_spaces_reclaim(true);
    end();
}

// While one thread reads a page from a full disk, another one does the same, writes to it, and it is swapped out once
// more, if possible to where it was. What the first has read is old then.
static unsigned others_left;

static void overtake(void *unused)
{
    (void)unused;
    CHECK(fake_store(space, 1, AT(0), 4711) == VM_FAULT_OK);
    fake_hart = 1;
    swap_out_all();
    others_left--;
}

static void start_overtaking(void)
{
    unsigned self = fake_hart;
    during_read = NULL;
    others_left = 1;
    fake_task_start(overtake, NULL);
    while (others_left)
        fake_yield();
    fake_hart = self;
}

static void overtaken_while_reading(void)
{
    struct vm_space *full;
    begin(1);
    swap_out_all();
    CHECK((full = vm_space_create()) && fake_map(full, AT(0), SLOTS, VM_ANON, PT_R | PT_W) == 0);
    for (unsigned page = 0; page < SLOTS; page++)
        CHECK(fake_store(full, 0, AT(page), 1) == VM_FAULT_OK);
    swap_out_all();
    CHECK(swap_free_count() == 0);
    during_read = start_overtaking;
    holds(space, 0, 4711);
    fake_tasks_finish();
    fake_audit();
    fake_space_put(full);
    end();
}

// --- failures ---------------------------------------------------------------------------------------------

static void read_errors(void)
{
    begin(2);
    swap_out_all();
    read_error = -EIO;
    CHECK(fake_load(space, 0, AT(0), &value) == VM_FAULT_NO_BACKING && fake_store(space, 1, AT(1), 1) == VM_FAULT_NO_BACKING);
    CHECK(slots_in_use() == 2 && fake_leaf(space, AT(0)).class == PT_SWAPPED);
    read_error = 0;
    holds(space, 0, 1);
    holds(space, 1, 2);
    end();
}

static void every_allocation_fails_once(void)
{
    bool failed = true;
    for (unsigned n = 1; failed; n++) {
        begin(3);
        swap_out_all();
        size_t free = frame_free_count();
        CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
        fake_fail_countdown = n;
        enum vm_fault_result result = fake_store(child, 1, AT(0), 5);
        failed = fake_fail_countdown == 0;
        fake_fail_countdown = 0;
        CHECK(result == VM_FAULT_OK || (failed && result == VM_FAULT_NO_MEMORY));
        fake_audit();
        CHECK(fake_store(child, 1, AT(0), 5) == VM_FAULT_OK);
        holds(child, 0, 5);
        holds(space, 0, 1);
        fake_space_put(child);
        CHECK(frame_free_count() == free - 1);
        end();
    }
}

// All slots used: what does not fit stays in RAM.
static void disk_full(void)
{
    static struct vm_space *spaces[8];
    for (unsigned i = 0; i < 8; i++) {
        spaces[i] = vm_space_create();
        CHECK(fake_map(spaces[i], AT(0), PAGES, VM_ANON, PT_R | PT_W) == 0);
        for (unsigned page = 0; page < PAGES; page++)
            CHECK(fake_store(spaces[i], i % 4, AT(page), i * 100 + page) == VM_FAULT_OK);
    }
    fake_hart = 0;
    swap_out_all();
    CHECK(swap_free_count() == 0);
    fake_audit();
    // The last free slot is given up again while its page waits to be written: nothing else is written there.
    CHECK(fake_load(spaces[0], 0, AT(0), &value) == VM_FAULT_OK && swap_free_count() == 1);
    struct frame *frame = frame_alloc(FRAME_ANON, 0, ALLOC_ZERO), *other = frame_alloc(FRAME_ANON, 0, ALLOC_ZERO);
    swap_put(swap_take(frame));
    CHECK(swap_free_count() == 1 && swap_take(other) == 0);
    swap_write_taken(); // and puts the frame
    swap_put(swap_take(other));
    swap_write_taken();
    for (unsigned i = 0; i < 8; i++)
        for (unsigned page = 0; page < PAGES; page++)
            CHECK(fake_load(spaces[i], page % 4, AT(page), &value) == VM_FAULT_OK && value == i * 100 + page);
    for (unsigned i = 0; i < 8; i++)
        fake_space_put(spaces[i]);
    CHECK(slots_in_use() == 0);
    fake_audit();
}

static void audit_finds_slots(void)
{
    static char buffer[4096];
    struct text report = {.buffer = buffer, .capacity = sizeof(buffer)};
    begin(1);
    swap_out_all();
    uint32_t slot = fake_leaf(space, AT(0)).slot;
    swap_get(slot);
    CHECK(mm_audit(&report) == 1 && strstr(buffer, "swap slot") && strstr(buffer, "count 2, found 1"));
    swap_put(slot);
    end();
}

// What could not be written stays in RAM until nobody wants it, and nothing more goes out.
static void write_errors(void)
{
    begin(4);
    write_error = -EIO;
    vm_spaces_reclaim(true);
    write_error = 0;
    CHECK(swap_free_count() == 0 && vm_spaces_reclaim(true) == 0);
    fake_audit();
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    read_error = -EIO;
    CHECK(fake_store(child, 1, AT(0), 5) == VM_FAULT_OK);
    holds(child, 0, 5);
    for (unsigned page = 0; page < 3; page++)
        holds(space, page, page + 1);
    fake_audit();
    fake_space_put(child);
    fake_hart = 0;
    fake_space_put(space);
    fake_audit(); // the slots are counted there; none is said to be free
}

int main(void)
{
    boot_with_swap();
    TEST(out_and_in); // it also makes the slabs known
    size_t free = frame_free_count();
    TEST(second_chance);
    TEST(fork_shares_slots);
    TEST(faults_during_write);
    TEST(death_during_write);
    TEST(overtaken_while_reading);
    TEST(read_errors);
    TEST(every_allocation_fails_once);
    TEST(disk_full);
    TEST(audit_finds_slots);
    TEST(write_errors); // the last: from now on nothing goes out
    CHECK(frame_free_count() == free);
}
