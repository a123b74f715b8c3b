// SPDX-License-Identifier: MIT
//
// See mm_oracle.h.

#include "tests/host/mm_oracle.h"
#include "arch/machine.h"
#include "arch/riscv/pte.h"
#include "mm/swap.h"
#include "uapi/errno.h"
#include <string.h>

#define SPACES 6
#define HARTS  4
#define BASE   (3 * TABLE_SPAN - 13 * PAGE_SIZE)

static unsigned (*draw)(unsigned below);
static unsigned steps;

// What a page of a space holds: nothing yet, the file's page, or something of its own.
struct page {
    bool mapped, own, shared;
    unsigned prot;
    bool file;
    unsigned index;
    uint64_t word[2]; // when own or not of the file: first and last
};
static struct process {
    struct vm_space *space;
    struct page pages[ORACLE_PAGES];
} processes[SPACES];

static struct fake_file file;
static uint64_t file_size;
static uint64_t file_words[64][2]; // what the file holds, written back or not

static vaddr_t address(unsigned page, unsigned which)
{
    return BASE + page * PAGE_SIZE + (which ? PAGE_SIZE - 8 : 0);
}

static uint64_t expected_word(const struct page *page, unsigned which)
{
    return page->own || !page->file ? page->word[which] : file_words[page->index][which];
}

static bool backed(const struct page *page)
{
    return page->own || !page->file || page->index < file_size;
}

static void stored(struct page *page, unsigned which, uint64_t word)
{
    if (page->shared) {
        file_words[page->index][which] = word;
        return;
    }
    for (unsigned i = 0; i < 2 && !page->own; i++)
        page->word[i] = expected_word(page, i);
    page->own = true;
    page->word[which] = word;
}

// What a hart could do with a translation that it holds: nothing that the page's rights deny, and what it
// would find there is what the page holds.
static void check_translation(const struct process *process, const struct fake_translation *leaf)
{
    for (unsigned i = 0; i < (leaf->mega ? TABLE_ENTRIES : 1); i++) {
        uint64_t at = ((leaf->va - BASE) >> PAGE_SHIFT) + i;
        CHECK(leaf->mega || at < ORACLE_PAGES);
        if (at >= ORACLE_PAGES)
            continue;
        const struct page *page = &process->pages[at];
        CHECK(page->mapped && backed(page) && !(pte_prot(leaf->entry) & ~page->prot));
        const uint64_t *words = phys_to_virt(pte_address(leaf->entry) + i * PAGE_SIZE);
        CHECK(words[0] == expected_word(page, 0) && words[511] == expected_word(page, 1));
    }
}

static void check_translations(void)
{
    const struct fake_translation *held;
    fake_absorb();
    for (unsigned hart = 0; hart < HARTS; hart++)
        for (unsigned i = 0; i < SPACES; i++) {
            const struct vm_space *space = processes[i].space;
            if (!space || fake_root(hart) != frame_address(space->pt.root))
                continue;
            for (unsigned k = 0; (held = fake_held(hart, k)); k++)
                if (held->level == 0 && held->asid == fake_asid(hart))
                    check_translation(&processes[i], held);
        }
}

// Where there are many, mostly near the ends of leaf tables.
static unsigned some_page(void)
{
    if (ORACLE_PAGES <= 256)
        return draw(ORACLE_PAGES);
    return draw(4) ? draw(ORACLE_PAGES / 512 + 1) * 512 + draw(26) : draw(ORACLE_PAGES);
}

struct range {
    unsigned first, count;
};
static struct range some_range(void)
{
    struct range range = {some_page(), 1 + draw(10)};
    if (ORACLE_PAGES > 256 && draw(2))
        range = (struct range){draw(14), ORACLE_PAGES - 14 - draw(14)};
    if (range.first + range.count > ORACLE_PAGES)
        range.count = ORACLE_PAGES - range.first;
    return range;
}

static void step_access(struct process *process)
{
    unsigned at = some_page(), which = draw(2), hart = draw(HARTS), access = draw(3);
    struct page *page = &process->pages[at];
    static const unsigned needs[] = {PT_R, PT_W, PT_X};
    uint64_t word = steps * 2 + 1;
    bool failing = fake_fail_countdown;
    enum vm_fault_result result =
        access == VM_READ    ? fake_load(process->space, hart, address(at, which), &word)
        : access == VM_WRITE ? fake_store(process->space, hart, address(at, which), word)
                             : fake_fetch(process->space, hart, address(at, which));
    if (result == VM_FAULT_NO_MEMORY && failing)
        return; // and nothing has changed, as later loads show
    CHECK(result == (!page->mapped                   ? VM_FAULT_NO_REGION
                     : !(page->prot & needs[access]) ? VM_FAULT_NO_PERMISSION
                     : !backed(page)                 ? VM_FAULT_NO_BACKING
                                                     : VM_FAULT_OK));
    if (result == VM_FAULT_OK && access == VM_WRITE)
        stored(page, which, word);
    else if (result == VM_FAULT_OK && access == VM_READ)
        CHECK(word == expected_word(page, which));
}

// => in each page of the range, what `like` says, the file's pages one after the other
static void becomes(struct process *process, struct range range, struct page like)
{
    for (unsigned i = range.first; i < range.first + range.count; i++, like.index++)
        process->pages[i] = like;
}

static void step_mapping(struct process *process)
{
    struct range range = some_range();
    unsigned prot = draw(8), what = draw(5);
    struct page new = {.mapped = true, .prot = prot & PT_W ? prot | PT_R : prot};
    vaddr_t start = address(range.first, 0);
    struct vm_space *space = process->space;
    bool failing = fake_fail_countdown;
    int error;
    if (what == 0) {
        error = vm_protect(space, start, range.count * PAGE_SIZE, prot);
        CHECK(!error || error == -ENOMEM); // a hole
        for (unsigned i = range.first; !error && i < range.first + range.count; i++)
            process->pages[i].prot = new.prot;
        return;
    }
    if (what == 1) {
        error = vm_unmap(space, start, range.count * PAGE_SIZE);
        new.mapped = false;
    } else if (what == 2) {
        error = fake_map(space, start, range.count, VM_ANON, prot);
    } else {
        new.file = true;
        new.shared = what == 4;
        new.index = draw(16);
        error = new.shared ? fake_map_shared(space, start, range.count, prot, &file, new.index)
                           : fake_map_file(space, start, range.count, prot, &file, new.index);
    }
    CHECK(!error || (error == -ENOMEM && failing));
    if (!error)
        becomes(process, range, new);
}

// Longer or shorter where it is, or to another place; shared pages also a second time (old_bytes 0).
static void step_remap(struct process *process)
{
    struct range from = {some_page(), draw(11)}, to = {some_page(), 1 + draw(10)};
    bool fixed = draw(3);
    struct page moved[ORACLE_PAGES], first = process->pages[from.first];
    if (!fixed)
        to.first = from.first;
    if (from.first + from.count > ORACLE_PAGES || to.first + to.count > ORACLE_PAGES)
        return;
    struct vm_remap_request request = {
        address(from.first, 0), from.count * PAGE_SIZE, to.count * PAGE_SIZE, fixed, fixed,
        address(to.first, 0)};
    vaddr_t out;
    int error = vm_remap(process->space, &request, &out);
    CHECK(error == 0 || error == -EFAULT || error == -EINVAL || error == -ENOMEM);
    if (error)
        return;
    CHECK(out == address(to.first, 0) && first.mapped);
    for (unsigned i = 0; i < to.count; i++)
        moved[i] = i < from.count ? process->pages[from.first + i]
                                  : (struct page){.mapped = true, .prot = first.prot, .shared = first.shared,
                                                  .file = first.file, .index = first.index + i};
    becomes(process, from, (struct page){0});
    memcpy(&process->pages[to.first], moved, to.count * sizeof(*moved));
}

static void step_discard(struct process *process)
{
    struct range range = some_range();
    bool only_private = draw(2);
    fake_fail_countdown = 0; // an error can only mean a hole then, and the rest is done
    int error = vm_discard(process->space, address(range.first, 0), address(range.first + range.count, 0),
                           only_private);
    bool of_file = false;
    for (unsigned i = range.first; i < range.first + range.count; i++)
        of_file |= process->pages[i].mapped && process->pages[i].file;
    CHECK((error == -EINVAL) == (only_private && of_file) &&
          (!error || error == -ENOMEM || error == -EINVAL));
    for (unsigned i = range.first; error != -EINVAL && i < range.first + range.count; i++) {
        process->pages[i].own = false;
        memset(process->pages[i].word, 0, sizeof(process->pages[i].word));
    }
}

static void step_advise(struct process *process)
{
    struct range range = some_range();
    int error = vm_advise_mega(process->space, address(range.first, 0), address(range.first + range.count, 0),
                               draw(4) ? MEGA_WANTED : MEGA_UNWANTED);
    CHECK(!error || error == -ENOMEM);
}

static void step_fork(struct process *parent)
{
    struct process *child = &processes[draw(SPACES)];
    bool failing = fake_fail_countdown;
    if (child->space)
        return;
    *child = *parent;
    child->space = NULL;
    fake_hart = draw(HARTS);
    if (draw(2))
        pt_activate(&parent->space->pt);
    int error = vm_space_fork(parent->space, (enum fork_mode)draw(3), &child->space);
    CHECK(error ? error == -ENOMEM && failing && !child->space : child->space != NULL);
}

// write(2), truncate, extend.
static void step_file(void)
{
    unsigned index = draw(24);
    if (draw(3) == 0) {
        uint64_t old_size = file_size;
        file_size = index + 4;
        vm_object_resize(&file.object, file_size);
        for (uint64_t i = file_size; i < old_size; i++) // what was not written back is lost
            memcpy(file_words[i], file.disk[i], sizeof(file_words[i]));
    } else if (index < file_size) {
        struct frame *frame;
        CHECK(vm_object_get(&file.object, index, true, &frame) == 0);
        *fake_first_word(frame) = file_words[index][0] = steps * 2;
        vm_object_mark_dirty(&file.object, frame);
        frame_put(frame);
        CHECK(draw(2) || vm_object_sync(&file.object) == 0);
    }
    if (draw(4) == 0)
        vm_objects_reclaim(draw(10));
}

static void step_swap(void)
{
    fake_hart = draw(HARTS);
    for (unsigned times = 1 + draw(8); times > 0; times--)
        vm_spaces_reclaim(true);
}

static void end_process(struct process *process)
{
    fake_space_put(process->space);
    memset(process, 0, sizeof(*process));
}

void oracle_begin(unsigned (*source)(unsigned below))
{
    draw = source;
    steps = 0;
    file_size = 24;
    fake_file_init(&file, file_size);
    memcpy(file_words, file.disk, sizeof(file_words));
    fake_hart = 0;
    processes[0].space = vm_space_create();
    CHECK(processes[0].space);
}

static void step_process(struct process *process)
{
    unsigned what = draw(100);
    fake_fail_countdown = draw(6) ? 0 : 1 + draw(8);
    if (what < 62)
        step_access(process);
    else if (what < 74)
        step_mapping(process);
    else if (what < 79)
        step_remap(process);
    else if (what < 82)
        step_discard(process);
    else if (what < 84)
        step_advise(process);
    else if (what < 91)
        step_fork(process);
    fake_fail_countdown = 0;
    if (what >= 91 && what < 95)
        step_file();
    else if (what >= 95 && what < 97)
        step_swap();
    else if (what >= 97 && process != &processes[0])
        end_process(process);
}

void oracle_step(void)
{
    struct process *process = &processes[draw(SPACES)];
    if (!process->space)
        process = &processes[0];
    step_process(process);
    check_translations();
    bool seldom = ++steps % (ORACLE_PAGES <= 256 ? 8 : 16) == 0; // both take time where there are many
    if (ORACLE_PAGES <= 256 || seldom)
        fake_check_one_memory();
    if (seldom)
        fake_audit();
}

void oracle_end(void)
{
    for (unsigned i = 0; i < SPACES; i++)
        if (processes[i].space)
            end_process(&processes[i]);
    CHECK(file.references == 0);
    vm_object_destroy(&file.object);
    fake_audit();
}
