// SPDX-License-Identifier: MIT
//
// 2 MiB pages over the real page tables, on a machine whose TLBs forget nothing early: what a fault, fork, copy,
// claim, unmap and protect make of them, counted; and several spaces doing random things to a few of them, against an
// oracle that keeps a value for some pages of each.

#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

#define SPANS 3
#define BASE  (5 * TABLE_SPAN)
#define BYTES (SPANS * TABLE_SPAN)

static struct vm_space *space_with_megas(void)
{
    struct vm_space *space = vm_space_create();
    CHECK(space && fake_map(space, BASE - PAGE_SIZE, (BYTES >> PAGE_SHIFT) + 2, VM_ANON, PT_R | PT_W) == 0);
    CHECK(vm_advise_mega(space, BASE - PAGE_SIZE, BASE + BYTES + PAGE_SIZE, MEGA_WANTED) == 0);
    return space;
}

static uint64_t load(struct vm_space *space, unsigned hart, vaddr_t va)
{
    uint64_t value = ~0ULL;
    CHECK(fake_load(space, hart, va, &value) == VM_FAULT_OK);
    return value;
}

static void store(struct vm_space *space, unsigned hart, vaddr_t va, uint64_t value)
{
    CHECK(fake_store(space, hart, va, value) == VM_FAULT_OK);
}

// One fault brings 2 MiB; pages at the ends, where no whole span fits, come one by one.
static void one_fault_brings_all(void)
{
    struct vm_space *space = space_with_megas();
    size_t free = frame_free_count();
    store(space, 0, BASE + 5 * PAGE_SIZE, 7);
    CHECK(pt_mega_count() == 1);
    CHECK(free - frame_free_count() == 512 + 2); // the leaf table, and the level-1 table
    CHECK(load(space, 1, BASE + 5 * PAGE_SIZE) == 7 && load(space, 1, BASE + 511 * PAGE_SIZE) == 0);
    store(space, 0, BASE - PAGE_SIZE, 1);
    store(space, 0, BASE + BYTES, 1);
    CHECK(pt_mega_count() == 1 && free - frame_free_count() == 512 + 2 + 4);
    CHECK(load(space, 0, BASE + TABLE_SPAN) == 0 && pt_mega_count() == 2); // a load will do
    fake_audit();
    fake_space_put(space);
    CHECK(pt_mega_count() == 0);
}

// C19: after a fork, a byte written copies 4 KiB and nothing else; who is alone again has it whole.
static void fork_and_one_byte(void)
{
    struct vm_space *parent = space_with_megas(), *child;
    for (unsigned i = 0; i < 512; i++)
        store(parent, 0, BASE + i * PAGE_SIZE, i + 1);
    CHECK(pt_mega_count() == 1);
    CHECK(vm_space_fork(parent, FORK_LEND, &child) == 0 && pt_mega_count() == 1);
    size_t free = frame_free_count();
    fake_space_put(child); // it has only exited: one fault gives the parent all back
    store(parent, 1, BASE + 9 * PAGE_SIZE, 10);
    CHECK(pt_mega_count() == 1 && fake_leaf(parent, BASE).class == PT_WRITABLE);

    CHECK(vm_space_fork(parent, FORK_LEND, &child) == 0);
    free = frame_free_count();
    store(child, 1, BASE + 300 * PAGE_SIZE, 1000);
    CHECK(free - frame_free_count() == 2 && pt_mega_count() == 0); // a leaf table, and one page
    store(parent, 0, BASE + 300 * PAGE_SIZE, 2000);
    CHECK(free - frame_free_count() == 2); // the parent is alone with that page now
    for (unsigned i = 0; i < 512; i++) {
        CHECK(load(parent, 0, BASE + i * PAGE_SIZE) == (i == 300 ? 2000 : i + 1));
        CHECK(load(child, 1, BASE + i * PAGE_SIZE) == (i == 300 ? 1000 : i + 1));
    }
    fake_audit();
    fake_space_put(child);
    fake_space_put(parent);
}

// A piece out of the middle needs no memory and leaves the rest; so does a change of rights.
static void pieces(void)
{
    struct vm_space *space = space_with_megas();
    for (unsigned i = 0; i < 512; i++) {
        store(space, i % 2, BASE + i * PAGE_SIZE, i + 1);
        store(space, i % 2, BASE + TABLE_SPAN + i * PAGE_SIZE, i + 1);
    }
    CHECK(pt_mega_count() == 2);
    size_t free = frame_free_count();
    CHECK(vm_discard(space, BASE + 100 * PAGE_SIZE, BASE + 200 * PAGE_SIZE, true) == 0);
    CHECK(frame_free_count() == free + 100 && pt_mega_count() == 1);
    for (unsigned i = 0; i < 512; i++)
        CHECK(load(space, 1, BASE + i * PAGE_SIZE) == (i >= 100 && i < 200 ? 0 : i + 1));
    CHECK(vm_protect(space, BASE + TABLE_SPAN + 7 * PAGE_SIZE, PAGE_SIZE, PT_R) == 0 && pt_mega_count() == 0);
    CHECK(fake_store(space, 0, BASE + TABLE_SPAN + 7 * PAGE_SIZE, 9) == VM_FAULT_NO_PERMISSION);
    for (unsigned i = 0; i < 512; i++)
        CHECK(load(space, 0, BASE + TABLE_SPAN + i * PAGE_SIZE) == i + 1);
    fake_audit();
    CHECK(vm_unmap(space, BASE, TABLE_SPAN) == 0);
    fake_audit();
    fake_space_put(space);
}

// An instruction fetched from memory that may be executed ends it: X is given to one page at a time.
static void executed(void)
{
    struct vm_space *space = vm_space_create();
    CHECK(fake_map(space, BASE, 512, VM_ANON, PT_R | PT_W | PT_X) == 0);
    CHECK(vm_advise_mega(space, BASE, BASE + TABLE_SPAN, MEGA_WANTED) == 0);
    store(space, 0, BASE, 1);
    CHECK(load(space, 1, BASE) == 1 && pt_mega_count() == 1);
    struct pt_cursor cursor;
    CHECK(pt_lock_existing(&space->pt, BASE + PAGE_SIZE, &cursor));
    struct tlb_batch batch;
    tlb_batch_init(&batch, &space->pt);
    pt_widen(&cursor, PT_R | PT_W | PT_X, &batch);
    pt_unlock(&cursor);
    tlb_batch_finish(&batch);
    for (unsigned hart = 0; hart < 2; hart++) // both have used it; what they held of the whole is forgotten
        for (unsigned i = 0; fake_held(hart, i); i++)
            CHECK(!fake_held(hart, i)->mega || fake_held(hart, i)->asid != fake_asid(hart));
    CHECK(fake_fetch(space, 1, BASE + PAGE_SIZE) == VM_FAULT_OK && pt_mega_count() == 0);
    CHECK(fake_leaf(space, BASE).prot == (PT_R | PT_W));
    fake_audit();
    fake_space_put(space);
}

// Not where it is not wanted, nor where there is no block, nor where something is already.
static void not_always(void)
{
    struct vm_space *space = space_with_megas();
    CHECK(vm_advise_mega(space, BASE, BASE + TABLE_SPAN, MEGA_UNWANTED) == 0);
    store(space, 0, BASE, 1);
    CHECK(pt_mega_count() == 0);
    CHECK(vm_advise_mega(space, BASE, BASE + TABLE_SPAN, MEGA_WANTED) == 0);
    store(space, 0, BASE + PAGE_SIZE, 1);
    CHECK(pt_mega_count() == 0); // a page is there
    struct frame *blocks[16];
    unsigned taken = 0;
    while ((blocks[taken] = frame_alloc(FRAME_KERNEL, 9, 0)))
        taken++;
    store(space, 0, BASE + TABLE_SPAN, 1);
    CHECK(pt_mega_count() == 0 && taken > 1);
    while (taken--)
        frame_put(blocks[taken]);
    CHECK(vm_advise_mega(space, BASE, BASE + 2 * BYTES, MEGA_WANTED) == -ENOMEM); // a hole
    fake_audit();
    fake_space_put(space);
}

// --- random -----------------------------------------------------------------------------------------------

#define PROCESSES 4
#define PLACES    8
static const unsigned place_pages[PLACES] = {0, 1, 255, 511, 512, 700, 1023, 1300};

static struct process {
    struct vm_space *space;
    bool mapped[PLACES];
    unsigned prot[PLACES];
    uint64_t value[PLACES];
} processes[PROCESSES];

static vaddr_t place(unsigned at)
{
    return BASE + place_pages[at] * PAGE_SIZE;
}

static void random_access(struct process *process)
{
    unsigned at = fake_random(PLACES), hart = fake_random(3);
    uint64_t value = fake_random(1 << 30);
    bool write = fake_random(2);
    enum vm_fault_result result = write ? fake_store(process->space, hart, place(at), value)
                                        : fake_load(process->space, hart, place(at), &value);
    bool injected = fake_fail_countdown == 0;
    fake_fail_countdown = 0;
    if (result == VM_FAULT_NO_MEMORY && injected)
        return;
    CHECK(result == (!process->mapped[at]                                 ? VM_FAULT_NO_REGION
                     : !(process->prot[at] & (write ? PT_W : PT_R)) ? VM_FAULT_NO_PERMISSION
                                                                    : VM_FAULT_OK));
    if (result == VM_FAULT_OK && write)
        process->value[at] = value;
    else if (result == VM_FAULT_OK)
        CHECK(value == process->value[at]);
}

// Mostly whole spans: those come as 2 MiB pages.
static void random_mapping(struct process *process)
{
    vaddr_t start = BASE + fake_random(SPANS) * TABLE_SPAN, end = start + TABLE_SPAN;
    unsigned what = fake_random(5), prot = fake_random(2) ? PT_R | PT_W : fake_random(2) ? PT_R : 0;
    if (what > 1 && fake_random(2)) {
        start += fake_random(512) * PAGE_SIZE;
        end = start + (1 + fake_random(300)) * PAGE_SIZE;
    }
    struct vm_space *space = process->space;
    if (what == 3)
        fake_fail_countdown = 0; // an error can only mean a hole then, and the rest is done
    int error = what == 0   ? fake_map(space, start, (end - start) >> PAGE_SHIFT, VM_ANON, PT_R | PT_W)
                : what == 1 ? vm_advise_mega(space, start, end, fake_random(4) ? MEGA_WANTED : MEGA_UNWANTED)
                : what == 2 ? vm_protect(space, start, end - start, prot)
                : what == 3 ? vm_discard(space, start, end, true)
                            : vm_unmap(space, start, end - start);
    CHECK(!error || error == -ENOMEM);
    if (!error && what == 0)
        (void)vm_advise_mega(space, start, end, MEGA_WANTED);
    for (unsigned at = 0; at < PLACES; at++) {
        if ((error && what != 3) || what == 1 || place(at) < start || place(at) >= end)
            continue;
        if (what == 2)
            process->prot[at] = prot;
        else
            process->value[at] = 0;
        if (what == 0)
            process->mapped[at] = true, process->prot[at] = PT_R | PT_W;
        if (what == 4)
            process->mapped[at] = false;
    }
}

static void random_fork(struct process *parent)
{
    struct process *child = &processes[fake_random(PROCESSES)];
    if (child->space)
        return;
    *child = *parent;
    child->space = NULL;
    fake_hart = fake_random(3);
    if (fake_random(2))
        pt_activate(&parent->space->pt);
    int error = vm_space_fork(parent->space, (enum fork_mode)fake_random(3), &child->space);
    CHECK(error ? error == -ENOMEM && !child->space : child->space != NULL);
}

static void end_process(struct process *process)
{
    fake_space_put(process->space);
    memset(process, 0, sizeof(*process));
}

static size_t most_megas;

static void random_against_oracle(uint64_t seed)
{
    fake_random_seed(seed);
    fake_hart = 0;
    processes[0].space = vm_space_create();
    for (unsigned step = 0; step < 800; step++) {
        struct process *process = &processes[fake_random(PROCESSES)];
        if (!process->space)
            continue;
        unsigned what = fake_random(100);
        fake_fail_countdown = fake_random(6) ? 0 : 1 + fake_random(8);
        if (what < 60)
            random_access(process);
        else if (what < 80)
            random_mapping(process);
        else if (what < 92)
            random_fork(process);
        fake_fail_countdown = 0;
        if (what >= 92 && process != &processes[0])
            end_process(process);
        if (pt_mega_count() > most_megas)
            most_megas = pt_mega_count();
        fake_audit();
    }
    for (unsigned i = 0; i < PROCESSES; i++)
        if (processes[i].space)
            end_process(&processes[i]);
}

int main(int count, char **arguments)
{
    fake_mm_boot(3);
    pt_lend_least = 0; // whatever is mapped is lent
    fake_space_put(space_with_megas()); // makes the first slabs known
    size_t free = frame_free_count();
    TEST(one_fault_brings_all);
    TEST(fork_and_one_byte);
    TEST(pieces);
    TEST(executed);
    TEST(not_always);
    CHECK(frame_free_count() == free);
    for (uint64_t seed = 1; seed <= (count > 1 ? strtoull(arguments[1], NULL, 10) : 6); seed++) {
        fake_sets_a_d = seed % 2;
        random_against_oracle(seed);
        CHECK(frame_free_count() == free && pt_mega_count() == 0);
    }
    CHECK(most_megas >= 2);
    printf("ok - random_against_oracle\n");
}
