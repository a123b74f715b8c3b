// SPDX-License-Identifier: MIT
//
// A swap disk in memory, and a space whose pages go there and come back: what the tests of swap share. The disk checks
// that no hart can store to a page that is being written, takes its time, fails, and lets things happen meanwhile.

#ifndef TESTS_HOST_FAKE_SWAP_H
#define TESTS_HOST_FAKE_SWAP_H

#include "arch/pagetable_reclaim.h"
#include "arch/riscv/pte.h"
#include "mm/swap.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

#define SLOTS 200
#define PAGES 40
#define AT(page) (3 * TABLE_SPAN - 13 * PAGE_SIZE + (vaddr_t)(page) * PAGE_SIZE)

static uint8_t disk[SLOTS][PAGE_SIZE];
static int write_error, read_error;
static unsigned reads, writes;
static bool slow;
static void (*during_write)(void), (*during_read)(void);
static uint64_t value;

static inline void nobody_may_store(const struct frame *frame)
{
    const struct fake_translation *held;
    fake_absorb();
    for (unsigned hart = 0; hart < harts_online(); hart++)
        for (unsigned i = 0; (held = fake_held(hart, i)); i++)
            CHECK(held->level > 0 || held->asid != fake_asid(hart) ||
                  pte_address(held->entry) != frame_address(frame) || !(held->entry & PTE_WRITE));
}

static inline void take_time(void)
{
    static struct wait_queue nobody = WAIT_QUEUE_INIT(nobody);
    if (slow)
        CHECK(wait_event_interruptible(&nobody, false, clock_ns() + 1000 + fake_random(5000)) == -ETIMEDOUT);
}

static inline int transfer(void *device, bool write, const uint32_t *slots, struct frame *const *frames, unsigned count)
{
    CHECK(count && (write ? count <= SWAP_BATCH : count == 1) && device == disk);
    for (unsigned i = 0; i < count; i++) {
        CHECK(slots[i] > 0 && slots[i] < SLOTS && slots[i] != 7 && frames[i]->refs > 0);
        for (unsigned k = 0; k < i; k++)
            CHECK(slots[k] != slots[i]);
        if (write) {
            nobody_may_store(frames[i]);
            memcpy(disk[slots[i]], frame_memory(frames[i]), PAGE_SIZE / 2); // the rest comes later
        }
    }
    take_time();
    if (write && during_write)
        during_write();
    for (unsigned i = 0; i < count; i++)
        if (write)
            memcpy(disk[slots[i]] + PAGE_SIZE / 2, (uint8_t *)frame_memory(frames[i]) + PAGE_SIZE / 2, PAGE_SIZE / 2);
        else
            memcpy(frame_memory(frames[i]), disk[slots[i]], PAGE_SIZE);
    if (!write && during_read)
        during_read();
    *(write ? &writes : &reads) += count;
    return write ? write_error : read_error;
}

static struct vm_space *space, *child;

static inline uint32_t slots_in_use(void)
{
    return swap_total_count() - swap_free_count();
}

// Until nothing more goes: twice round for the second chance, in batches.
static inline void swap_out_all(void)
{
    while (vm_spaces_reclaim(true)) {
    }
}

// A space of its own with `pages` pages, each holding its number at both ends.
static inline void begin(unsigned pages)
{
    fake_hart = 0;
    CHECK(slots_in_use() == 0 && (space = vm_space_create()));
    CHECK(fake_map(space, AT(0), pages, VM_ANON, PT_R | PT_W) == 0);
    for (unsigned page = 0; page < pages; page++) {
        CHECK(fake_store(space, page % 4, AT(page), page + 1) == VM_FAULT_OK);
        CHECK(fake_store(space, page % 4, AT(page) + PAGE_SIZE - 8, page + 1) == VM_FAULT_OK);
    }
}

static inline void end(void)
{
    fake_audit();
    fake_hart = 0;
    fake_space_put(space);
    fake_audit();
    CHECK(slots_in_use() == 0);
}

static inline void holds(struct vm_space *of, unsigned page, uint64_t want)
{
    CHECK(fake_load(of, fake_random(4), AT(page), &value) == VM_FAULT_OK && value == want);
    CHECK(fake_load(of, fake_random(4), AT(page) + PAGE_SIZE - 8, &value) == VM_FAULT_OK && value == page + 1);
}

// => the first thing a test does
static inline void boot_with_swap(void)
{
    static struct swap_slot slots[SLOTS] = {[0] = {.refs = SLOT_UNUSABLE}, [7] = {.refs = SLOT_UNUSABLE}};
    static const struct swap_device device = {
        .name = "disk", .slots = slots, .slot_count = SLOTS, .usable = SLOTS - 2, .transfer = transfer, .disk = disk};
    fake_mm_boot(4);
    CHECK(swap_total_count() == 0);
    CHECK(swap_start(&device) == 0 && swap_start(&device) == -EBUSY && swap_total_count() == SLOTS - 2);
}

#endif
