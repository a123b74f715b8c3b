// SPDX-License-Identifier: MIT
//
// While reclaim has changed leaves and its flush is still to come, everybody else goes on: unmaps, discards, protects,
// writes. Nobody may then read or write through what a hart still remembers.

#include "tests/host/fake_swap.h"

static struct tlb_batch batch;

static void all_harts_hold(vaddr_t at)
{
    for (unsigned hart = 0; hart < 4; hart++)
        CHECK(fake_load(space, hart, at, &value) == VM_FAULT_OK);
}

// The hand comes by `rounds` times; what the last has changed is not flushed. On the hart of another thread.
static void reclaim_unflushed(unsigned what, unsigned rounds)
{
    vaddr_t hand = 0;
    fake_hart = 3;
    for (tlb_batch_init(&batch, &space->pt); rounds; rounds--) {
        tlb_batch_finish(&batch);
        pt_reclaim(&space->pt, &hand, what, SWAP_BATCH, &batch);
    }
    fake_hart = 0;
}

static void reclaim_ends(void)
{
    fake_hart = 3;
    tlb_batch_finish(&batch);
    swap_write_taken();
    fake_hart = 0;
}

// One thread: the page goes, another comes in its place, which is empty and keeps what is stored.
static void new_page(unsigned rounds, bool unmap)
{
    begin(3);
    fake_hart = 0;
    CHECK(fake_store(space, 0, AT(0), 1) == VM_FAULT_OK);
    reclaim_unflushed(PT_RECLAIM_ANON, rounds);
    if (unmap) {
        CHECK(vm_unmap(space, AT(0), PAGE_SIZE) == 0);
        CHECK(fake_map(space, AT(0), 1, VM_ANON, PT_R | PT_W) == 0);
    } else {
        CHECK(vm_discard(space, AT(0), AT(1), true) == 0);
    }
    CHECK(fake_load(space, 0, AT(0), &value) == VM_FAULT_OK && value == 0);
    CHECK(fake_store(space, 0, AT(0), 4711) == VM_FAULT_OK);
    reclaim_ends();
    CHECK(fake_load(space, 0, AT(0), &value) == VM_FAULT_OK && value == 4711);
    end();
}

static void after_protect(unsigned rounds)
{
    begin(3);
    all_harts_hold(AT(0));
    reclaim_unflushed(PT_RECLAIM_ANON, rounds);
    CHECK(vm_protect(space, AT(0), 3 * PAGE_SIZE, PT_R) == 0);
    CHECK(fake_store(space, 0, AT(0), 4711) == VM_FAULT_NO_PERMISSION);
    reclaim_ends();
    holds(space, 0, 1);
    end();
}

static void private_file_page(unsigned rounds)
{
    struct fake_file file;
    fake_hart = 0;
    fake_file_init(&file, 16);
    CHECK((space = vm_space_create()) && fake_map_file(space, AT(0), 2, PT_R | PT_W, &file, 3) == 0);
    CHECK(fake_store(space, 0, AT(1), 1) == VM_FAULT_OK);
    all_harts_hold(AT(0));
    reclaim_unflushed(PT_RECLAIM_FILES, rounds);
    CHECK(fake_store(space, 0, AT(0), 4711) == VM_FAULT_OK); // a copy: who looks from now on must see it
    CHECK(fake_load(space, 1, AT(0), &value) == VM_FAULT_OK && value == 4711);
    CHECK(vm_unmap(space, AT(0), PAGE_SIZE) == 0 && fake_map(space, AT(0), 1, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_load(space, 2, AT(0), &value) == VM_FAULT_OK && value == 0);
    reclaim_ends();
    end();
    vm_object_destroy(&file.object);
}

// The other way round: mprotect has taken the rights and is about to flush when the page is taken. It may not be
// written out (fake_swap.h looks) while some hart can still store to it.
static bool taken;

static void take_meanwhile(void)
{
    unsigned self = fake_hart;
    fake_spin_hook = NULL; // our own flush waits as well
    reclaim_unflushed(PT_RECLAIM_ANON, 2);
    taken = fake_leaf(space, AT(0)).class == PT_SWAPPED;
    reclaim_ends();
    fake_hart = self;
}

static void protect_and_take(void)
{
    begin(1); // the flush of another page would do for this one
    for (unsigned hart = 0; hart < 4; hart++)
        CHECK(fake_store(space, hart, AT(0), 1) == VM_FAULT_OK);
    fake_hart = 0;
    fake_spin_hook = take_meanwhile;
    CHECK(vm_protect(space, AT(0), PAGE_SIZE, 0) == 0 && taken);
    CHECK(vm_protect(space, AT(0), PAGE_SIZE, PT_R | PT_W) == 0);
    holds(space, 0, 1);
    end();
}

static void between_change_and_flush(void)
{
    for (unsigned rounds = 1; rounds <= 4; rounds++) {
        new_page(rounds, true);
        new_page(rounds, false);
        after_protect(rounds);
        private_file_page(rounds);
    }
    protect_and_take();
}

int main(void)
{
    boot_with_swap();
    TEST(between_change_and_flush);
    fake_stubborn = true;
    TEST(between_change_and_flush);
}
