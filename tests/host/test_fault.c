// SPDX-License-Identifier: MIT
//
// Faults over the real page tables, on a machine whose TLBs forget nothing early: each policy by itself.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

static struct fake_file file;
static uint64_t value;

static struct vm_space *begin(void)
{
    fake_hart = 0;
    struct vm_space *space = vm_space_create();
    CHECK(space);
    return space;
}

static void demand_zero(void)
{
    struct vm_space *space = begin();
    const vaddr_t va = 0x100000;
    CHECK(fake_map(space, va, 4, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_load(space, 0, va + 0x10, &value) == VM_FAULT_OK && value == 0);
    CHECK(fake_leaf(space, va).frame == frame_span.zero_page && fake_leaf(space, va).class == PT_READONLY);
    size_t free = frame_free_count();
    CHECK(fake_store(space, 0, va + 0x18, 5) == VM_FAULT_OK && frame_free_count() == free - 1);
    CHECK(fake_leaf(space, va).class == PT_WRITABLE && fake_leaf(space, va).frame->refs == 1);
    CHECK(fake_load(space, 0, va + 0x10, &value) == VM_FAULT_OK && value == 0);
    CHECK(fake_load(space, 0, va + 0x18, &value) == VM_FAULT_OK && value == 5);
    CHECK(fake_store(space, 0, va + PAGE_SIZE, 6) == VM_FAULT_OK && frame_free_count() == free - 2);
    for (unsigned i = 8; i < PAGE_SIZE; i += 8)
        CHECK(fake_load(space, 0, va + PAGE_SIZE + i, &value) == VM_FAULT_OK && value == 0);
    fake_space_put(space);
    fake_audit();
}

static void permissions(void)
{
    static const enum vm_kind kinds[] = {VM_ANON, VM_STACK};
    struct vm_space *space = begin();
    vaddr_t va = 0x100000;
    CHECK(fake_load(space, 0, va, &value) == VM_FAULT_NO_REGION);
    for (unsigned kind = 0; kind < 2; kind++)
        for (unsigned prot = 0; prot < 8; prot++, va += 2 * PAGE_SIZE) {
            unsigned real = prot & PT_W ? prot | PT_R : prot;
            CHECK(fake_map(space, va, 1, kinds[kind], prot) == 0);
            for (unsigned round = 0; round < 2; round++) { // the leaf absent, the leaf present
                CHECK((fake_load(space, 0, va, &value) == VM_FAULT_OK) == !!(real & PT_R));
                CHECK((fake_fetch(space, 0, va) == VM_FAULT_OK) == !!(real & PT_X));
                CHECK((fake_store(space, 0, va, 1) == VM_FAULT_OK) == !!(real & PT_W));
            }
            CHECK((fake_leaf(space, va).prot & ~real) == 0);
        }
    CHECK(fake_load(space, 0, USER_END - 8, &value) == VM_FAULT_NO_REGION);
    CHECK(vm_fault(space, USER_END, VM_READ) == VM_FAULT_NO_REGION);
    CHECK(vm_fault(space, UINT64_MAX, VM_WRITE) == VM_FAULT_NO_REGION);
    CHECK(vm_fault(space, 0, VM_EXEC) == VM_FAULT_NO_REGION);
    fake_space_put(space);
}

// X comes by exec faults only, after every hart has synchronised its instruction cache; and again for a new frame.
static void instructions(void)
{
    struct vm_space *space = begin();
    const vaddr_t va = 0x100000;
    fake_file_init(&file, 8);
    CHECK(fake_map_file(space, va, 2, PT_R | PT_W | PT_X, &file, 0) == 0);
    CHECK(fake_load(space, 0, va, &value) == VM_FAULT_OK && !(fake_leaf(space, va).prot & PT_X));
    unsigned syncs = fake_counts[3].instruction_fences;
    CHECK(fake_fetch(space, 1, va) == VM_FAULT_OK && fake_counts[3].instruction_fences == syncs + 1);
    CHECK(fake_leaf(space, va).prot == (PT_R | PT_X));
    CHECK(fake_fetch(space, 1, va) == VM_FAULT_OK && fake_counts[3].instruction_fences == syncs + 1);
    CHECK(fake_store(space, 1, va, 3) == VM_FAULT_OK && !(fake_leaf(space, va).prot & PT_X));
    CHECK(fake_fetch(space, 1, va) == VM_FAULT_OK && fake_counts[3].instruction_fences == syncs + 2);
    CHECK(fake_leaf(space, va).prot == (PT_R | PT_W | PT_X));
    CHECK(fake_fetch(space, 2, va + PAGE_SIZE) == VM_FAULT_OK && fake_counts[3].instruction_fences == syncs + 3);
    CHECK(fake_leaf(space, va + PAGE_SIZE).frame->refs == 2); // index and leaf, nothing left behind
    CHECK(vm_protect(space, va, PAGE_SIZE, PT_X) == 0);
    CHECK(fake_load(space, 0, va, &value) == VM_FAULT_NO_PERMISSION && fake_fetch(space, 0, va) == VM_FAULT_OK);
    fake_space_put(space);
    vm_object_destroy(&file.object);
}

static void private_files(void)
{
    struct vm_space *space = begin();
    const vaddr_t va = 0x100000;
    fake_file_init(&file, 12);
    CHECK(fake_map_file(space, va, 4, PT_R | PT_W, &file, 9) == 0); // one page more than there is
    CHECK(fake_load(space, 0, va, &value) == VM_FAULT_OK && value == 0xf1009);
    CHECK(fake_leaf(space, va).frame->kind == FRAME_CACHE && fake_leaf(space, va).class == PT_READONLY);
    CHECK(fake_store(space, 0, va, 1) == VM_FAULT_OK && fake_leaf(space, va).frame->kind == FRAME_ANON);
    CHECK(fake_load(space, 0, va + PAGE_SIZE - 8, &value) == VM_FAULT_OK && value == 0xf2009);
    size_t free = frame_free_count();
    CHECK(fake_store(space, 0, va + PAGE_SIZE, 2) == VM_FAULT_OK && frame_free_count() == free - 2); // cache, copy
    struct frame *frame;
    CHECK(vm_object_get(&file.object, 9, true, &frame) == 0 && *fake_first_word(frame) == 0xf1009); // C1: never through
    frame_put(frame);
    CHECK(fake_load(space, 0, va + 3 * PAGE_SIZE, &value) == VM_FAULT_NO_BACKING);
    CHECK(fake_store(space, 0, va + 3 * PAGE_SIZE, 1) == VM_FAULT_NO_BACKING);
    file.fill_error = -EIO;
    CHECK(fake_load(space, 0, va + 2 * PAGE_SIZE, &value) == VM_FAULT_NO_BACKING);
    file.fill_error = -ENOMEM;
    CHECK(fake_load(space, 0, va + 2 * PAGE_SIZE, &value) == VM_FAULT_NO_MEMORY);
    file.fill_error = 0;
    CHECK(fake_load(space, 0, va + 2 * PAGE_SIZE, &value) == VM_FAULT_OK && value == 0xf100b);
    // A private copy needs its file no more: no I/O, no error.
    file.fill_error = -EIO;
    vm_object_resize(&file.object, 0);
    fake_hart = 0;
    struct vm_space *child;
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    CHECK(fake_store(child, 0, va, 7) == VM_FAULT_OK && fake_load(space, 1, va, &value) == VM_FAULT_OK && value == 1);
    fake_space_put(child);
    fake_space_put(space);
    vm_object_destroy(&file.object);
    fake_audit();
}

static void stack_growth(void)
{
    struct vm_space *space = begin();
    const vaddr_t top = 0x40000000;
    CHECK(fake_map(space, top - 2 * PAGE_SIZE, 2, VM_STACK, PT_R | PT_W) == 0);
    CHECK(fake_store(space, 0, top - 5 * PAGE_SIZE + 64, 1) == VM_FAULT_OK && fake_mapped_pages(space) == 5);
    CHECK(fake_map(space, top - 10 * PAGE_SIZE, 1, VM_ANON, PT_R) == 0);
    CHECK(fake_load(space, 0, top - 9 * PAGE_SIZE, &value) == VM_FAULT_NO_REGION); // the page that keeps them apart
    CHECK(fake_load(space, 0, top - 8 * PAGE_SIZE, &value) == VM_FAULT_OK && fake_mapped_pages(space) == 9);
    CHECK(vm_unmap(space, top - 10 * PAGE_SIZE, PAGE_SIZE) == 0);
    CHECK(fake_load(space, 0, top - STACK_BYTES_MOST - 8, &value) == VM_FAULT_NO_REGION);
    CHECK(fake_load(space, 0, top - STACK_BYTES_MOST, &value) == VM_FAULT_OK);
    CHECK(fake_mapped_pages(space) == STACK_BYTES_MOST / PAGE_SIZE);
    CHECK(fake_map(space, top, 1, VM_ANON, PT_R) == 0 && fake_map(space, USER_START, 1, VM_STACK, PT_R) == 0);
    CHECK(fake_load(space, 0, USER_START - 8, &value) == VM_FAULT_NO_REGION);
    fake_space_put(space);
}

static struct frame *all_memory[FAKE_RAM_FRAMES];

static size_t take_all_memory(void)
{
    size_t count = 0;
    while ((all_memory[count] = frame_alloc(FRAME_KERNEL, 0, 0)))
        count++;
    return count;
}

static void give_back(size_t count)
{
    while (count)
        frame_put(all_memory[--count]);
}

// Memory that runs out in a fault: the fault says so and has changed nothing; one that needs none succeeds.
static void out_of_memory(void)
{
    fake_file_init(&file, 8);
    size_t free = frame_free_count();
    for (unsigned n = 1;; n++) {
        struct vm_space *space = begin();
        CHECK(fake_map_file(space, 0x100000, 2, PT_R | PT_W, &file, 0) == 0);
        fake_fail_countdown = n;
        enum vm_fault_result result = fake_store(space, 0, 0x100000, 1);
        bool failed = result == VM_FAULT_NO_MEMORY;
        CHECK(failed || result == VM_FAULT_OK);
        bool never = fake_fail_countdown > 0;
        fake_fail_countdown = 0;
        CHECK(!failed || fake_leaf(space, 0x100000).class == PT_ABSENT);
        CHECK(fake_store(space, 0, 0x100000, 1) == VM_FAULT_OK);
        fake_space_put(space);
        vm_object_resize(&file.object, 0);
        vm_object_resize(&file.object, 8);
        CHECK(frame_free_count() == free);
        if (never)
            break;
    }
    // A claim needs no memory, even when there is none.
    struct vm_space *space = begin(), *child;
    CHECK(fake_map(space, 0x100000, 1, VM_ANON, PT_R | PT_W) == 0 && fake_store(space, 0, 0x100000, 1) == VM_FAULT_OK);
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    fake_space_put(child);
    size_t taken = take_all_memory();
    CHECK(fake_store(space, 0, 0x100000, 2) == VM_FAULT_OK);
    give_back(taken);
    fake_space_put(space);
    vm_object_destroy(&file.object);
    CHECK(frame_free_count() == free);
}

// R5: with another hart in the mask, the copy is not writable for anyone before the old page is gone for all.
static vaddr_t watched;
static struct vm_space *watched_space;
static unsigned turns;

static void nobody_writes_yet(void)
{
    struct pt_leaf leaf = fake_leaf(watched_space, watched);
    fake_check_one_memory();
    CHECK(leaf.class != PT_WRITABLE && leaf.frame->flags & FRAME_BUSY && !frame_exclusive(leaf.frame));
    turns++;
}

static void copy_is_not_writable_before_the_flush(void)
{
    struct vm_space *space = watched_space = begin(), *child;
    watched = 0x100000;
    CHECK(fake_map(space, watched, 2, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_store(space, 0, watched, 1) == VM_FAULT_OK && fake_load(space, 1, watched, &value) == VM_FAULT_OK);
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    CHECK(fake_load(space, 1, watched, &value) == VM_FAULT_OK && value == 1);
    fake_spin_hook = nobody_writes_yet;
    CHECK(fake_store(space, 0, watched, 2) == VM_FAULT_OK && turns > 0);
    fake_spin_hook = NULL;
    CHECK(!(fake_leaf(space, watched).frame->flags & FRAME_BUSY));
    CHECK(fake_load(space, 1, watched, &value) == VM_FAULT_OK && value == 2);
    CHECK(fake_load(child, 2, watched, &value) == VM_FAULT_OK && value == 1);
    fake_space_put(space);
    fake_space_put(child);
    // Alone, a copy costs no IPI.
    space = begin();
    CHECK(fake_map(space, watched, 1, VM_ANON, PT_R | PT_W) == 0 && fake_load(space, 0, watched, &value) == VM_FAULT_OK);
    unsigned ipis = fake_counts[1].ipis + fake_counts[2].ipis + fake_counts[3].ipis;
    CHECK(fake_store(space, 0, watched, 2) == VM_FAULT_OK);
    CHECK(ipis == fake_counts[1].ipis + fake_counts[2].ipis + fake_counts[3].ipis);
    fake_space_put(space);
}

// Whoever takes a page back takes its neighbours as well, but none that belong to another region.
static void claims_stay_in_their_region(void)
{
    struct vm_space *space = begin(), *child;
    const vaddr_t va = 0x100000;
    CHECK(fake_map(space, va, 8, VM_ANON, PT_R | PT_W) == 0);
    for (unsigned page = 0; page < 8; page++)
        CHECK(fake_store(space, 0, va + page * PAGE_SIZE, page) == VM_FAULT_OK);
    CHECK(vm_protect(space, va + 4 * PAGE_SIZE, 4 * PAGE_SIZE, PT_R) == 0);
    CHECK(vm_space_fork(space, FORK_COW, &child) == 0);
    fake_space_put(child);
    CHECK(fake_store(space, 0, va, 9) == VM_FAULT_OK);
    CHECK(fake_leaf(space, va + 3 * PAGE_SIZE).class == PT_WRITABLE);
    CHECK(fake_leaf(space, va + 4 * PAGE_SIZE).class == PT_READONLY);
    CHECK(fake_store(space, 0, va + 5 * PAGE_SIZE, 9) == VM_FAULT_NO_PERMISSION);
    fake_space_put(space);
}

// To unmap a part of a lent table takes a copy of it. Without memory for that the mapping is as it was.
static void unmap_without_memory(void)
{
    struct vm_space *space = begin(), *child;
    const vaddr_t va = 0x100000;
    const unsigned pages = 100; // enough for its table to be lent
    CHECK(fake_map(space, va, pages, VM_ANON, PT_R | PT_W) == 0);
    for (unsigned page = 0; page < pages; page++)
        CHECK(fake_store(space, 0, va + page * PAGE_SIZE, page) == VM_FAULT_OK);
    CHECK(vm_space_fork(space, FORK_LEND, &child) == 0);
    size_t taken = take_all_memory();
    CHECK(vm_unmap(space, va + 10 * PAGE_SIZE, PAGE_SIZE) == -ENOMEM && fake_mapped_pages(space) == pages);
    CHECK(vm_discard(space, va + 10 * PAGE_SIZE, va + 11 * PAGE_SIZE, true) == -ENOMEM);
    CHECK(vm_protect(space, va + 10 * PAGE_SIZE, PAGE_SIZE, PT_R) == -ENOMEM);
    CHECK(vm_unmap(child, va, pages * PAGE_SIZE) == 0); // all of it takes none
    give_back(taken);
    CHECK(fake_load(space, 0, va + 10 * PAGE_SIZE, &value) == VM_FAULT_OK && value == 10);
    CHECK(fake_store(space, 0, va + 10 * PAGE_SIZE, 11) == VM_FAULT_OK);
    fake_space_put(child);
    fake_space_put(space);
    fake_audit();
}

int main(void)
{
    fake_mm_boot(4);
    TEST(demand_zero); // also makes the first slabs known
    size_t free = frame_free_count();
    TEST(permissions);
    TEST(instructions);
    TEST(private_files);
    TEST(stack_growth);
    TEST(out_of_memory);
    TEST(copy_is_not_writable_before_the_flush);
    TEST(claims_stay_in_their_region);
    TEST(unmap_without_memory);
    CHECK(frame_free_count() == free);
}
