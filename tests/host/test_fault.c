// SPDX-License-Identifier: MIT
//
// Faults over the real page tables, on a machine whose TLBs forget nothing early. First each policy by itself;
// then several spaces on several harts do random things, every load is compared with an oracle that keeps a
// value for each page of each space, allocations fail here and there, and the audit recounts all the time.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

static struct fake_file file;
static uint64_t value;

static struct vm_space *begin(void)
{
    fake_hart = 0;
    fake_user_sp = 0;
    struct vm_space *space = vm_space_create();
    CHECK(space);
    return space;
}

// --- one policy at a time ---------------------------------------------------------------------------------

static void demand_zero(void)
{
    struct vm_space *space = begin();
    const vaddr_t va = 0x100000;
    CHECK(fake_map(space, va, 4, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_load(space, 0, va + 0x10, &value) == VM_FAULT_OK && value == 0);
    CHECK(fake_leaf(space, va).frame == frame_zero_page() && fake_leaf(space, va).class == PT_READONLY);
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
    static const enum vm_kind kinds[] = {VM_GUARD, VM_ANON, VM_STACK};
    struct vm_space *space = begin();
    vaddr_t va = 0x100000;
    CHECK(fake_load(space, 0, va, &value) == VM_FAULT_NO_REGION);
    for (unsigned kind = 0; kind < 3; kind++)
        for (unsigned prot = 0; prot < 8; prot++, va += 2 * PAGE_SIZE) {
            unsigned real = prot & PT_W ? prot | PT_R : prot;
            bool none = kinds[kind] == VM_GUARD;
            CHECK(fake_map(space, va, 1, kinds[kind], prot) == 0);
            for (unsigned round = 0; round < 2; round++) { // the leaf absent, the leaf present
                CHECK((fake_load(space, 0, va, &value) == VM_FAULT_OK) == (!none && real & PT_R));
                CHECK((fake_fetch(space, 0, va) == VM_FAULT_OK) == (!none && real & PT_X));
                CHECK((fake_store(space, 0, va, 1) == VM_FAULT_OK) == (!none && real & PT_W));
            }
            CHECK(none || (fake_leaf(space, va).prot & ~real) == 0);
        }
    CHECK(fake_load(space, 0, USER_END - 8, &value) == VM_FAULT_NO_REGION);
    CHECK(vm_fault(space, USER_END, VM_READ, 0) == VM_FAULT_NO_REGION);
    CHECK(vm_fault(space, UINT64_MAX, VM_WRITE, 0) == VM_FAULT_NO_REGION);
    CHECK(vm_fault(space, 0, VM_EXEC, 0) == VM_FAULT_NO_REGION);
    fake_space_put(space);
}

// X comes by exec faults only, after every hart has synchronised its instruction cache; and again for a new frame.
static void instructions(void)
{
    struct vm_space *space = begin();
    const vaddr_t va = 0x100000;
    fake_file_init(&file, 8);
    CHECK(fake_map_file(space, va, 2, PT_R | PT_W | PT_X, &file, 0, 2 * PAGE_SIZE) == 0);
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
    CHECK(fake_map_file(space, va, 4, PT_R | PT_W, &file, 9, 4 * PAGE_SIZE) == 0); // one page more than there is
    CHECK(fake_load(space, 0, va, &value) == VM_FAULT_OK && value == 0xf1009);
    CHECK(fake_leaf(space, va).frame->kind == FRAME_CACHE && fake_leaf(space, va).class == PT_READONLY);
    CHECK(fake_store(space, 0, va, 1) == VM_FAULT_OK && fake_leaf(space, va).frame->kind == FRAME_ANON);
    CHECK(fake_load(space, 0, va + PAGE_SIZE - 8, &value) == VM_FAULT_OK && value == 0xf2009);
    size_t free = frame_free_count();
    CHECK(fake_store(space, 0, va + PAGE_SIZE, 2) == VM_FAULT_OK && frame_free_count() == free - 2); // cache, copy
    struct frame *frame;
    CHECK(vm_object_get(&file.object, 9, &frame) == 0 && *fake_first_word(frame) == 0xf1009); // C1: never through
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

// The page in which file_bytes ends is a private copy with zeros behind, whatever touches it first.
static void file_tail(void)
{
    fake_file_init(&file, 8);
    for (unsigned access = 0; access < VM_ACCESSES; access++) {
        struct vm_space *space = begin();
        const vaddr_t va = 0x100000, tail = va + PAGE_SIZE;
        CHECK(fake_map_file(space, va, 2, PT_R | PT_W | PT_X, &file, 3, PAGE_SIZE + 16) == 0);
        if (access == VM_READ)
            CHECK(fake_load(space, 0, tail, &value) == VM_FAULT_OK);
        else if (access == VM_WRITE)
            CHECK(fake_store(space, 0, tail + 32, 0) == VM_FAULT_OK);
        else
            CHECK(fake_fetch(space, 0, tail) == VM_FAULT_OK);
        CHECK(fake_leaf(space, tail).frame->kind == FRAME_ANON && fake_leaf(space, tail).frame->refs == 1);
        CHECK(fake_load(space, 0, tail, &value) == VM_FAULT_OK && value == 0xf1004);
        CHECK(fake_load(space, 0, tail + 8, &value) == VM_FAULT_OK && value == 0x7777777777777777);
        for (unsigned i = 16; i < PAGE_SIZE; i += 8)
            CHECK(fake_load(space, 0, tail + i, &value) == VM_FAULT_OK && value == 0);
        CHECK(fake_store(space, 0, tail + 64, 99) == VM_FAULT_OK);
        struct vm_space *child; // a copy of the copy keeps what is behind the tail
        CHECK(vm_space_fork(space, FORK_COW, &child) == 0 && fake_store(child, 1, tail, 1) == VM_FAULT_OK);
        CHECK(fake_load(child, 1, tail + 64, &value) == VM_FAULT_OK && value == 99);
        fake_space_put(child);
        CHECK(fake_load(space, 0, va + PAGE_SIZE - 8, &value) == VM_FAULT_OK && value == 0xf2003);
        fake_space_put(space);
    }
    vm_object_destroy(&file.object);
}

static void stack_growth(void)
{
    struct vm_space *space = begin();
    const vaddr_t top = 0x40000000;
    CHECK(fake_map(space, top - 2 * PAGE_SIZE, 2, VM_STACK, PT_R | PT_W) == 0);
    fake_user_sp = top - 5 * PAGE_SIZE + 64;
    CHECK(fake_store(space, 0, fake_user_sp - 8, 1) == VM_FAULT_NO_REGION); // below sp
    CHECK(fake_store(space, 0, fake_user_sp, 1) == VM_FAULT_OK && space->mapped_pages == 5);
    CHECK(fake_store(space, 0, fake_user_sp - 8, 1) == VM_FAULT_OK); // the page is there now
    CHECK(fake_map(space, top - 10 * PAGE_SIZE, 1, VM_ANON, PT_R) == 0);
    fake_user_sp = 0;
    CHECK(fake_load(space, 0, top - 9 * PAGE_SIZE, &value) == VM_FAULT_NO_REGION); // the page that keeps them apart
    CHECK(fake_load(space, 0, top - 8 * PAGE_SIZE, &value) == VM_FAULT_OK && space->mapped_pages == 9);
    CHECK(vm_unmap(space, top - 10 * PAGE_SIZE, PAGE_SIZE) == 0);
    CHECK(fake_load(space, 0, top - STACK_BYTES_MOST - 8, &value) == VM_FAULT_NO_REGION);
    CHECK(fake_load(space, 0, top - STACK_BYTES_MOST, &value) == VM_FAULT_OK);
    CHECK(space->mapped_pages == STACK_BYTES_MOST / PAGE_SIZE);
    CHECK(fake_map(space, top, 1, VM_ANON, PT_R) == 0 && fake_map(space, USER_START, 1, VM_STACK, PT_R) == 0);
    CHECK(fake_load(space, 0, USER_START - 8, &value) == VM_FAULT_NO_REGION);
    fake_space_put(space);
}

// Memory that runs out in a fault: the fault says so and has changed nothing; one that needs none succeeds.
static void out_of_memory(void)
{
    fake_file_init(&file, 8);
    size_t free = frame_free_count();
    for (unsigned n = 1;; n++) {
        struct vm_space *space = begin();
        CHECK(fake_map_file(space, 0x100000, 2, PT_R | PT_W, &file, 0, 2 * PAGE_SIZE) == 0);
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
    static struct frame *all[FAKE_RAM_FRAMES];
    size_t count = 0;
    while ((all[count] = frame_alloc(FRAME_KERNEL, 0, 0)))
        count++;
    CHECK(fake_store(space, 0, 0x100000, 2) == VM_FAULT_OK);
    while (count)
        frame_put(all[--count]);
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

// --- several spaces at random -----------------------------------------------------------------------------

#define SPACES 6
#define PAGES  40
#define BASE   (3 * TABLE_SPAN - 13 * PAGE_SIZE)

// What a page of a space holds: nothing yet, the file's page, or something of its own.
struct page {
    bool mapped, own, tail;
    unsigned prot;
    struct fake_file *file;
    unsigned index;
    uint64_t word[2]; // when own: first and last
};
static struct process {
    struct vm_space *space;
    struct page pages[PAGES];
} processes[SPACES];

static uint64_t file_size;

static vaddr_t address(unsigned page, unsigned which)
{
    return BASE + page * PAGE_SIZE + (which ? PAGE_SIZE - 8 : 0);
}

// The file's words, as its cache has them.
static uint64_t file_word(unsigned index, unsigned which)
{
    struct frame *frame;
    CHECK(vm_object_get(&file.object, index, &frame) == 0);
    uint64_t word = which ? *fake_last_word(frame) : *fake_first_word(frame);
    frame_put(frame);
    return word;
}

static uint64_t expected_word(const struct page *page, unsigned which)
{
    if (page->own || !page->file)
        return page->word[which];
    return file_word(page->index, which);
}

static bool backed(const struct page *page)
{
    return page->own || !page->file || page->index < file_size;
}

static void make_own(struct page *page)
{
    for (unsigned which = 0; which < 2 && !page->own; which++)
        page->word[which] = expected_word(page, which);
    if (page->tail && !page->own)
        page->word[1] = 0;
    page->own = true;
}

static void random_access(struct process *process)
{
    unsigned at = fake_random(PAGES), which = fake_random(2), hart = fake_random(4), access = fake_random(3);
    struct page *page = &process->pages[at];
    static const unsigned needs[] = {PT_R, PT_W, PT_X};
    uint64_t word = fake_random(1 << 30);
    enum vm_fault_result result =
        access == VM_READ    ? fake_load(process->space, hart, address(at, which), &word)
        : access == VM_WRITE ? fake_store(process->space, hart, address(at, which), word)
                             : fake_fetch(process->space, hart, address(at, which));
    fake_check_one_memory();
    bool injected = fake_fail_countdown == 0;
    fake_fail_countdown = 0;
    if (result == VM_FAULT_NO_MEMORY && injected)
        return; // and nothing has changed, as later loads show
    CHECK(result == (!page->mapped                     ? VM_FAULT_NO_REGION
                     : !(page->prot & needs[access])   ? VM_FAULT_NO_PERMISSION
                     : !backed(page)                   ? VM_FAULT_NO_BACKING
                                                       : VM_FAULT_OK));
    if (result != VM_FAULT_OK)
        return;
    if (page->tail || access == VM_WRITE)
        make_own(page);
    if (access == VM_WRITE)
        page->word[which] = word;
    else if (access == VM_READ)
        CHECK(word == expected_word(page, which));
}

static void random_mapping(struct process *process)
{
    unsigned first = fake_random(PAGES), count = 1 + fake_random(10), prot = fake_random(8), what = fake_random(4);
    struct page new = {.mapped = true, .prot = prot & PT_W ? prot | PT_R : prot};
    int error;
    if (first + count > PAGES)
        count = PAGES - first;
    if (what == 0) {
        error = vm_protect(process->space, address(first, 0), count * PAGE_SIZE, prot);
        for (unsigned i = first; !error && i < first + count; i++)
            process->pages[i].prot = new.prot;
        return;
    }
    if (what == 1) {
        error = vm_unmap(process->space, address(first, 0), count * PAGE_SIZE);
        new.mapped = false;
    } else if (what == 2) {
        error = fake_map(process->space, address(first, 0), count, VM_ANON, prot);
    } else {
        new.file = &file;
        new.index = fake_random(16);
        new.tail = fake_random(2);
        error = fake_map_file(process->space, address(first, 0), count, prot, &file, new.index,
                              count * PAGE_SIZE - (new.tail ? 100 : 0));
    }
    CHECK(!error || error == -ENOMEM);
    for (unsigned i = first; !error && i < first + count; i++, new.index++) {
        process->pages[i] = new;
        process->pages[i].tail = new.tail && i == first + count - 1;
    }
}

static void random_fork(struct process *parent)
{
    struct process *child = &processes[fake_random(SPACES)];
    if (child->space)
        return;
    *child = *parent;
    child->space = NULL;
    fake_hart = fake_random(4);
    if (fake_random(2))
        pt_activate(&parent->space->pt);
    int error = vm_space_fork(parent->space, (enum fork_mode)fake_random(3), &child->space);
    CHECK(error ? error == -ENOMEM && !child->space : child->space != NULL);
}

// write(2), truncate, extend.
static void random_file_operation(void)
{
    unsigned index = fake_random(24);
    if (fake_random(3) == 0) {
        file_size = index + 4;
        vm_object_resize(&file.object, file_size);
    } else if (index < file_size) {
        struct frame *frame;
        CHECK(vm_object_get(&file.object, index, &frame) == 0);
        *fake_first_word(frame) = fake_random(1 << 30);
        vm_object_mark_dirty(&file.object, frame);
        frame_put(frame);
        CHECK(fake_random(2) || vm_object_sync(&file.object) == 0);
    }
    if (fake_random(4) == 0)
        vm_objects_reclaim(fake_random(10));
}

static void end_process(struct process *process)
{
    fake_space_put(process->space);
    memset(process, 0, sizeof(*process));
}

static void random_against_oracle(uint64_t seed)
{
    fake_random_seed(seed);
    file_size = 24;
    fake_file_init(&file, file_size);
    processes[0].space = begin();
    for (unsigned step = 0; step < 3000; step++) {
        struct process *process = &processes[fake_random(SPACES)];
        if (!process->space)
            continue;
        unsigned what = fake_random(100);
        fake_fail_countdown = fake_random(6) ? 0 : 1 + fake_random(8);
        if (what < 70)
            random_access(process);
        else if (what < 85)
            random_mapping(process);
        else if (what < 92)
            random_fork(process);
        fake_fail_countdown = 0;
        if (what >= 92 && what < 97)
            random_file_operation();
        if (what >= 97 && process != &processes[0])
            end_process(process);
        if (step % 8 == 0)
            fake_audit();
    }
    for (unsigned i = 0; i < SPACES; i++)
        if (processes[i].space)
            end_process(&processes[i]);
    CHECK(file.references == 0);
    vm_object_destroy(&file.object);
    fake_audit();
}

int main(int count, char **arguments)
{
    fake_mm_boot(4);
    pt_lend_least = 0; // the tables here are nearly empty
    TEST(demand_zero); // also makes the first slabs known
    size_t free = frame_free_count();
    TEST(permissions);
    TEST(instructions);
    TEST(private_files);
    TEST(file_tail);
    TEST(stack_growth);
    TEST(out_of_memory);
    TEST(copy_is_not_writable_before_the_flush);
    CHECK(frame_free_count() == free);
    for (uint64_t seed = 1; seed <= (count > 1 ? strtoull(arguments[1], NULL, 10) : 20); seed++) {
        fake_sets_a_d = seed % 3;
        random_against_oracle(seed);
        if (frame_free_count() != free)
            printf("# seed %llu leaks\n", (unsigned long long)seed);
        CHECK(frame_free_count() == free);
    }
    printf("ok - random_against_oracle\n");
}
