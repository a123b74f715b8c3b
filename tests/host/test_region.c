// SPDX-License-Identifier: MIT
//
// Mapping, unmapping, protecting, the heap: random calls against an oracle with one cell per page, with
// allocations failing here and there. What fails changes nothing.

#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

#define PAGES 96
#define BASE  ((vaddr_t)0x40000000 - 30 * PAGE_SIZE) // across a leaf table's and a level-1 table's end

struct cell {
    bool mapped;
    enum vm_kind kind;
    unsigned prot;
    struct fake_file *file;
    uint64_t page;
};

static struct fake_file files[2];

static vaddr_t at(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

static bool may_merge(const struct vm_region *a, const struct vm_region *b)
{
    return a->end == b->start && a->kind == b->kind && a->prot == b->prot &&
           a->object == b->object &&
           (!a->object || a->object_page + (a->end - a->start) / PAGE_SIZE == b->object_page);
}

static void compare(struct vm_space *space, const struct cell *cells)
{
    uint64_t mapped = 0;
    int file_regions[2] = {0, 0};
    rwlock_read(&space->map_lock);
    for (unsigned i = 0; i < PAGES; i++) {
        struct vm_region *region = vm_region_find(space, at(i) + fake_random(PAGE_SIZE));
        CHECK(!region == !cells[i].mapped);
        if (!region)
            continue;
        mapped++;
        CHECK(region->prot == cells[i].prot && region->space == space);
        CHECK(region->kind == cells[i].kind);
        CHECK(region->object == (cells[i].file ? &cells[i].file->object : NULL));
        CHECK(!cells[i].file || region->object_page + (at(i) - region->start) / PAGE_SIZE == cells[i].page);
    }
    struct vm_region *last = NULL;
    for (struct vm_region *region = vm_region_at_or_after(space, 0); region; region = vm_region_next(region)) {
        CHECK(region->start < region->end && (!last || last->end <= region->start));
        CHECK(!last || !may_merge(last, region));
        last = region;
        if (region->object)
            file_regions[region->object == &files[1].object]++;
    }
    rwlock_read_unlock(&space->map_lock);
    CHECK(fake_mapped_pages(space) == mapped);
    for (unsigned i = 0; i < 2; i++) {
        int listed = 0;
        list_for_each(node, &files[i].object.regions)
            listed++;
        CHECK(listed == file_regions[i] && listed == files[i].references);
    }
}

// One random call; on success the same is done to the cells.
static int change(struct vm_space *space, struct cell *cells)
{
    unsigned first = fake_random(PAGES), count = 1 + fake_random(fake_random(4) ? 8 : 40), what = fake_random(5);
    unsigned prot = fake_random(8), real_prot = prot & PT_W ? prot | PT_R : prot;
    if (first + count > PAGES)
        count = PAGES - first;
    struct cell new = {.mapped = true, .kind = fake_random(3) ? VM_ANON : VM_STACK, .prot = real_prot};
    int error;
    if (what == 0) {
        new.mapped = false;
        error = vm_unmap(space, at(first), count * PAGE_SIZE - fake_random(PAGE_SIZE));
    } else if (what == 1) {
        bool hole = false;
        for (unsigned i = first; i < first + count; i++)
            hole |= !cells[i].mapped;
        error = vm_protect(space, at(first), count * PAGE_SIZE, prot);
        CHECK(!hole || error == -ENOMEM);
        for (unsigned i = first; !error && i < first + count; i++)
            cells[i].prot = real_prot;
        return error;
    } else if (what < 4) {
        error = fake_map(space, at(first), count, new.kind, prot);
    } else {
        new.file = &files[fake_random(2)];
        new.kind = VM_FILE_PRIVATE;
        new.page = fake_random(2) ? first : fake_random(1000);
        error = fake_map_file(space, at(first), count, prot, new.file, new.page);
    }
    for (unsigned i = first; !error && i < first + count; i++) {
        cells[i] = new;
        new.page++;
    }
    return error;
}

static void random_against_oracle(void)
{
    for (unsigned i = 0; i < 2; i++)
        fake_file_init(&files[i], 4096);
    struct cell cells[PAGES] = {0};
    struct vm_space *space = vm_space_create();
    unsigned failed = 0;
    size_t free = frame_free_count();
    for (unsigned step = 0; step < 30000; step++) {
        fake_fail_countdown = fake_random(3) ? 0 : 1 + fake_random(4);
        failed += change(space, cells) == -ENOMEM && fake_fail_countdown == 0;
        fake_fail_countdown = 0;
        compare(space, cells);
        if (step % 1000 == 999) {
            CHECK(vm_unmap(space, BASE, PAGES * PAGE_SIZE) == 0);
            memset(cells, 0, sizeof(cells));
            compare(space, cells);
            CHECK(frame_free_count() == free);
        }
    }
    CHECK(failed > 1000);
    vm_space_put(space);
}

static void bad_requests(void)
{
    struct vm_space *space = vm_space_create();
    vaddr_t out = 1;
    struct vm_map_request good = {.address = 0x100000, .bytes = 3 * PAGE_SIZE, .kind = VM_ANON, .prot = PT_R}, bad;
#define BAD(error, ...)                                  \
    do {                                                 \
        bad = good;                                      \
        __VA_ARGS__;                                     \
        CHECK(vm_map(space, &bad, &out) == (error));     \
        CHECK(out == 1 && fake_mapped_pages(space) == 0);     \
    } while (0)
    BAD(-EINVAL, bad.bytes = 0);
    BAD(-EINVAL, bad.prot = 8);
    BAD(-EINVAL, bad.fixed = true; bad.address++);
    BAD(-EINVAL, bad.fixed = true; bad.address = 0);
    BAD(-EINVAL, bad.fixed = true; bad.address = USER_START - PAGE_SIZE);
    BAD(-ENOMEM, bad.fixed = true; bad.address = USER_END - PAGE_SIZE);
    BAD(-ENOMEM, bad.fixed = true; bad.address = USER_END);
    BAD(-ENOMEM, bad.fixed = true; bad.address = -PAGE_SIZE);
    BAD(-ENOMEM, bad.bytes = UINT64_MAX);
    BAD(-ENOMEM, bad.bytes = UINT64_MAX - PAGE_SIZE);
    BAD(-ENOMEM, bad.bytes = USER_END);
    BAD(-ENOMEM, bad.bytes = (frame_span.usable_pages + 1) * PAGE_SIZE);
    bad = good, bad.object = &files[0].object, bad.file = &files[0], bad.kind = VM_FILE_PRIVATE, good = bad;
    BAD(-EOVERFLOW, bad.object_page = UINT64_MAX - 1);
    CHECK(files[0].references == 0);

    CHECK(vm_unmap(space, 0x100001, PAGE_SIZE) == -EINVAL && vm_unmap(space, 0x100000, 0) == -EINVAL);
    CHECK(vm_unmap(space, 0x100000, UINT64_MAX) == -EINVAL && vm_unmap(space, -PAGE_SIZE, PAGE_SIZE) == -EINVAL);
    CHECK(vm_unmap(space, USER_END, PAGE_SIZE) == -EINVAL && vm_unmap(space, 0, USER_END) == 0);
    CHECK(vm_protect(space, 0x100001, PAGE_SIZE, PT_R) == -EINVAL && vm_protect(space, 0x100000, 1, 9) == -EINVAL);
    CHECK(vm_protect(space, 0x100000, 0, PT_R) == 0 && vm_protect(space, 0x100000, 1, PT_R) == -ENOMEM);
    CHECK(vm_protect(space, 0x100000, UINT64_MAX, PT_R) == -ENOMEM);
    CHECK(vm_protect(space, USER_END, PAGE_SIZE, PT_R) == -ENOMEM);
    CHECK(vm_protect(space, -PAGE_SIZE, PAGE_SIZE, PT_R) == -ENOMEM);
    vm_space_put(space);
}

static vaddr_t map_anywhere(struct vm_space *space, vaddr_t hint, uint64_t bytes)
{
    vaddr_t out = 0;
    struct vm_map_request request = {.address = hint, .bytes = bytes, .kind = VM_ANON, .prot = PT_R};
    return vm_map(space, &request, &out) == 0 ? out : 0;
}

static void places(void)
{
    struct vm_space *space = vm_space_create();
    vaddr_t first = map_anywhere(space, 0, 10 * PAGE_SIZE), second = map_anywhere(space, 0, 1);
    CHECK(first >= USER_START && second == first + 10 * PAGE_SIZE);
    CHECK(vm_unmap(space, first + PAGE_SIZE, PAGE_SIZE) == 0);
    CHECK(map_anywhere(space, 0, 2 * PAGE_SIZE) == second + PAGE_SIZE);        // does not fit into the hole
    CHECK(map_anywhere(space, 0, PAGE_SIZE) == first + PAGE_SIZE);             // does
    CHECK(map_anywhere(space, 0x555000, 2 * PAGE_SIZE) == 0x555000);           // hint
    CHECK(map_anywhere(space, 0x554fff, 2 * PAGE_SIZE) > first);               // taken
    CHECK(map_anywhere(space, 0x553fff, 2 * PAGE_SIZE) == 0x553000);           // rounded down
    CHECK(map_anywhere(space, -PAGE_SIZE, PAGE_SIZE) > first);                 // not in the user half
    CHECK(map_anywhere(space, 1, PAGE_SIZE) > first);                          // too low
    // A stack keeps the room below it, and a page.
    vaddr_t top = 0x40000000;
    CHECK(fake_map(space, top - PAGE_SIZE, 1, VM_STACK, PT_R | PT_W) == 0);
    CHECK(map_anywhere(space, top - STACK_BYTES_MOST, PAGE_SIZE) > first);
    CHECK(map_anywhere(space, top - STACK_BYTES_MOST - PAGE_SIZE, PAGE_SIZE) > first);
    CHECK(map_anywhere(space, top - STACK_BYTES_MOST - 2 * PAGE_SIZE, PAGE_SIZE) < top);
    // No replacing when it is not wanted.
    vaddr_t out;
    struct vm_map_request request = {.address = 0x553000, .bytes = PAGE_SIZE, .kind = VM_ANON, .prot = PT_R,
                                     .fixed = true, .no_replace = true};
    CHECK(vm_map(space, &request, &out) == -EEXIST);
    request.address = 0x552000, request.bytes = 2 * PAGE_SIZE;
    CHECK(vm_map(space, &request, &out) == -EEXIST);
    request.bytes = PAGE_SIZE;
    CHECK(vm_map(space, &request, &out) == 0 && out == 0x552000);
    vm_space_put(space);
}

// The same answer, found by looking at one region after the other.
static vaddr_t find_gap_slowly(struct vm_space *space, vaddr_t hint, uint64_t bytes)
{
    const vaddr_t from[] = {hint, (vaddr_t)1 << 37, USER_START};
    for (unsigned i = hint < USER_START; i < 3; i++) {
        vaddr_t at = from[i];
        for (struct vm_region *r = vm_region_at_or_after(space, at); r; r = vm_region_next(r)) {
            vaddr_t start = r->start, reach = STACK_BYTES_MOST + PAGE_SIZE;
            if (r->kind == VM_STACK && r->end - start < reach)
                start = r->end > reach ? r->end - reach : 0;
            if (start >= at + bytes)
                break;
            at = r->end;
        }
        if (at < USER_END && bytes <= USER_END - at && (i > 0 || at == hint))
            return at;
    }
    return 0;
}

static void gaps_are_found(void)
{
    struct vm_space *space = vm_space_create();
    for (unsigned step = 0; step < 4000; step++) {
        vaddr_t base = fake_random(3) ? (vaddr_t)1 << 37 : fake_random(2) ? USER_START : USER_END - 2000 * PAGE_SIZE;
        vaddr_t start = base + fake_random(1900) * PAGE_SIZE;
        uint64_t bytes = (1 + fake_random(fake_random(3) ? 8 : 90)) * PAGE_SIZE;
        CHECK(fake_random(2) ? vm_unmap(space, start, bytes) == 0
                             : fake_map(space, start, bytes / PAGE_SIZE, fake_random(6) ? VM_ANON : VM_STACK,
                                        fake_random(2) ? PT_R : PT_R | PT_W) == 0);
        vaddr_t hint = fake_random(2) ? 0 : base + fake_random(1900) * PAGE_SIZE;
        bytes = fake_random(8) ? (1 + fake_random(40)) * PAGE_SIZE : (uint64_t)1 << (20 + fake_random(19));
        rwlock_write(&space->map_lock);
        CHECK(vm_region_find_gap(space, hint, bytes) == find_gap_slowly(space, hint, bytes));
        rwlock_write_unlock(&space->map_lock);
    }
    vm_space_put(space);
}

static void the_heap(void)
{
    struct vm_space *space = vm_space_create();
    vaddr_t start = 0x100123;
    space->brk_start = space->brk_end = start;
    CHECK(vm_set_break(space, 0) == start && vm_set_break(space, start - 1) == start);
    CHECK(vm_set_break(space, start + 10) == start + 10 && fake_mapped_pages(space) == 0); // within the last page of bss
    CHECK(vm_set_break(space, 0x105001) == 0x105001 && fake_mapped_pages(space) == 5);
    CHECK(vm_set_break(space, 0x107000) == 0x107000 && fake_mapped_pages(space) == 6);
    CHECK(vm_set_break(space, 0x101001) == 0x101001 && fake_mapped_pages(space) == 1);
    CHECK(vm_set_break(space, UINT64_MAX) == 0x101001 && vm_set_break(space, USER_END + 1) == 0x101001);
    CHECK(vm_set_break(space, start + (frame_span.usable_pages + 10) * PAGE_SIZE) == 0x101001);
    CHECK(fake_map(space, 0x104000, 1, VM_ANON, PT_R) == 0);
    CHECK(vm_set_break(space, 0x104001) == 0x101001 && vm_set_break(space, 0x104000) == 0x104000);
    fake_fail_countdown = 1; // the record of the part that goes
    CHECK(vm_set_break(space, 0x102000) == 0x104000 && fake_mapped_pages(space) == 4);
    CHECK(vm_set_break(space, start) == start && fake_mapped_pages(space) == 1);
    vm_space_put(space);
}

int main(void)
{
    fake_mm_boot(1);
    size_t free = frame_free_count();
    TEST(random_against_oracle);
    TEST(bad_requests);
    TEST(places);
    TEST(gaps_are_found);
    TEST(the_heap);
    CHECK(frame_free_count() == free);
    fake_audit();
}
