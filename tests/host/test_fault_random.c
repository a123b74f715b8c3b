// SPDX-License-Identifier: MIT
//
// Faults over the real page tables, on a machine whose TLBs forget nothing early: several spaces on several
// harts do random things, every load is compared with an oracle that keeps a value for each page of each space,
// allocations fail here and there, and the audit recounts all the time.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

static struct fake_file file;

#define SPACES 6
#define PAGES  40
#define BASE   (3 * TABLE_SPAN - 13 * PAGE_SIZE)

// What a page of a space holds: nothing yet, the file's page, or something of its own.
struct page {
    bool mapped, own;
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
    CHECK(vm_object_get(&file.object, index, true, &frame) == 0);
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
    if (access == VM_WRITE)
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
        error = fake_map_file(process->space, address(first, 0), count, prot, &file, new.index);
    }
    CHECK(!error || error == -ENOMEM);
    for (unsigned i = first; !error && i < first + count; i++, new.index++) {
        process->pages[i] = new;
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
        CHECK(vm_object_get(&file.object, index, true, &frame) == 0);
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
    fake_hart = 0;
    processes[0].space = vm_space_create();
    CHECK(processes[0].space);
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

// A space that comes and goes makes the first slabs known.
static size_t frames_free_at_rest(void)
{
    struct vm_space *space = vm_space_create();
    CHECK(space && fake_map(space, BASE, 1, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_store(space, 0, BASE, 1) == VM_FAULT_OK);
    fake_space_put(space);
    return frame_free_count();
}

int main(int count, char **arguments)
{
    fake_mm_boot(4);
    pt_lend_least = 0; // the tables here are nearly empty
    size_t free = frames_free_at_rest();
    for (uint64_t seed = 1; seed <= (count > 1 ? strtoull(arguments[1], NULL, 10) : 20); seed++) {
        fake_sets_a_d = seed % 3;
        random_against_oracle(seed);
        if (frame_free_count() != free)
            printf("# seed %lu leaks\n", seed);
        CHECK(frame_free_count() == free);
    }
    printf("ok - random_against_oracle\n");
}
