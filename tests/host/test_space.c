// SPDX-License-Identifier: MIT
//
// Spaces as a whole. Threads on several harts that fault, fork, protect and unmap the same memory at once, with
// a switch to another task possible after every spin lock; allocation failing at every n; counts that differ.

#include "mm/audit.h"
#include "mm/slab.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>

static struct fake_file file;

// --- threads ----------------------------------------------------------------------------------------------

#define THREADS 4
#define PAGES   10
#define ANON    (5 * TABLE_SPAN - 4 * PAGE_SIZE) // across two leaf tables
#define FILE_AT (ANON + 2 * PAGES * PAGE_SIZE)
#define SCRATCH (FILE_AT + 2 * PAGES * PAGE_SIZE)

// Thread t owns word t + 1 of every page: it alone stores there, ever larger numbers.
static struct vm_space *space;
static uint64_t shadow[THREADS][2 * PAGES];
static unsigned threads_left, forks, denied;

static vaddr_t word_of(unsigned thread, unsigned page)
{
    return (page < PAGES ? ANON : FILE_AT - PAGES * PAGE_SIZE) + page * PAGE_SIZE + (thread + 1) * 8;
}

static uint64_t untouched(unsigned page)
{
    return page < PAGES ? 0 : 0x7777777777777777;
}

static void thread(void *argument)
{
    unsigned self = (unsigned)(uintptr_t)argument;
    for (unsigned i = 1; i <= 150; i++) {
        unsigned page = fake_random(2 * PAGES), hart = self;
        uint64_t word = 0, *mine = &shadow[self][page];
        bool store = fake_random(2);
        enum vm_fault_result result =
            store ? fake_store(space, hart, word_of(self, page), i) : fake_load(space, hart, word_of(self, page), &word);
        if (result == VM_FAULT_NO_PERMISSION) // protect() is at work
            denied++;
        else if (result == VM_FAULT_NO_BACKING)
            CHECK(page >= PAGES && !*mine); // truncate is; a copy of our own would have stayed
        else
            CHECK(result == VM_FAULT_OK && (store || word == (*mine ? *mine : untouched(page))));
        if (store && result == VM_FAULT_OK)
            *mine = i;
        fake_check_one_memory();
        if (fake_random(3) == 0)
            fake_yield();
    }
    threads_left--;
}

// A child sees each word as it was at some time during the fork, and whatever it does stays with it.
static void forker(void *argument)
{
    (void)argument;
    while (threads_left > 0) {
        uint64_t before[THREADS][2 * PAGES], after[THREADS][2 * PAGES], word;
        struct vm_space *child;
        memcpy(before, shadow, sizeof(shadow));
        if (vm_space_fork(space, (enum fork_mode)fake_random(3), &child) == 0) {
            memcpy(after, shadow, sizeof(shadow));
            for (unsigned page = 0; page < 2 * PAGES; page++)
                for (unsigned t = 0; t < THREADS; t++) {
                    enum vm_fault_result result = fake_load(child, 4, word_of(t, page), &word);
                    bool zero = word == untouched(page) && !before[t][page];
                    CHECK(result != VM_FAULT_OK || zero || (word >= before[t][page] && word <= after[t][page] + 1));
                    CHECK(result == VM_FAULT_OK || page >= PAGES || result == VM_FAULT_NO_PERMISSION);
                    if (fake_random(2) && fake_store(child, 4, word_of(t, page), 1 << 20) == VM_FAULT_OK)
                        CHECK(fake_load(child, 4, word_of(t, page), &word) == VM_FAULT_OK && word == 1 << 20);
                }
            fake_space_put(child);
            forks++;
        }
        fake_yield();
    }
}

static void disturber(void *argument)
{
    (void)argument;
    while (threads_left > 0) {
        unsigned first = fake_random(2 * PAGES), count = 1 + fake_random(5);
        vaddr_t start = word_of(0, first) & ~PAGE_MASK;
        count = first % PAGES + count > PAGES ? PAGES - first % PAGES : count;
        switch (fake_random(5)) {
        case 0:
            CHECK(vm_protect(space, start, count * PAGE_SIZE, fake_random(3) ? PT_R : 0) == 0);
            fake_yield();
            CHECK(vm_protect(space, start, count * PAGE_SIZE, PT_R | PT_W) == 0);
            break;
        case 1:
            vm_object_resize(&file.object, fake_random(PAGES));
            fake_yield();
            vm_object_resize(&file.object, PAGES);
            break;
        case 2:
            vm_objects_reclaim(3);
            break;
        case 3:
            CHECK(fake_map(space, SCRATCH, 3, VM_ANON, PT_R | PT_W) == 0);
            CHECK(fake_store(space, 5, SCRATCH + PAGE_SIZE, 1) == VM_FAULT_OK);
            CHECK(vm_unmap(space, SCRATCH, 3 * PAGE_SIZE) == 0);
            break;
        default:
            fake_audit();
        }
        fake_yield();
    }
}

static void threads_of_one_space(uint64_t seed)
{
    fake_random_seed(seed);
    fake_file_init(&file, PAGES);
    file.slow = seed % 2;
    space = vm_space_create();
    memset(shadow, 0, sizeof(shadow));
    CHECK(fake_map(space, ANON, PAGES, VM_ANON, PT_R | PT_W) == 0);
    CHECK(fake_map_file(space, FILE_AT, PAGES, PT_R | PT_W, &file, 0) == 0);
    threads_left = THREADS;
    fake_mm_shuffle(seed);
    for (uintptr_t t = 0; t < THREADS; t++)
        fake_task_start(thread, (void *)t);
    fake_task_start(forker, NULL);
    fake_task_start(disturber, NULL);
    fake_tasks_finish();
    fake_mm_shuffle(0);
    fake_space_put(space);
    vm_object_destroy(&file.object);
    fake_audit();
}

// --- truncation against faults ----------------------------------------------------------------------------

static unsigned version; // of the file; raised when no page of the last one is left

static void cut_and_write(void *argument)
{
    (void)argument;
    for (unsigned i = 1; i <= 20; i++) {
        vm_object_resize(&file.object, 0);
        file.pattern = (uint8_t)i;
        version = i;
        vm_object_resize(&file.object, PAGES);
        wait_park(clock_ns() + 500);
    }
    threads_left--;
}

// What is loaded, or copied for a store, is never older than the last truncation that was over before.
static void never_too_old(void *argument)
{
    bool store = argument;
    struct vm_space *mine = vm_space_create();
    for (uint64_t word; threads_left > 0; wait_park(clock_ns() + 500)) {
        vaddr_t va = FILE_AT + fake_random(PAGES) * PAGE_SIZE + 8;
        CHECK(!store || fake_map_file(mine, FILE_AT, PAGES, PT_R | PT_W, &file, 0) == 0);
        CHECK(store || fake_random(3) || !fake_map_file(mine, FILE_AT, PAGES, PT_R, &file, 0));
        unsigned oldest = version;
        if (store && fake_store(mine, 1, va, 0) != VM_FAULT_OK)
            continue;
        if (fake_load(mine, 1 + !store, va + 8, &word) == VM_FAULT_OK)
            CHECK((word & 255) >= oldest);
    }
    fake_space_put(mine);
}

static void truncation_against_faults(void)
{
    for (uint64_t seed = 1; seed < 100; seed++) {
        fake_random_seed(seed);
        fake_file_init(&file, PAGES);
        file.pattern = 0;
        file.slow = seed % 2;
        version = 0;
        threads_left = 1;
        fake_mm_shuffle(seed);
        fake_task_start(cut_and_write, NULL);
        fake_task_start(never_too_old, NULL);
        fake_task_start(never_too_old, &file);
        fake_task_start(never_too_old, &file);
        fake_tasks_finish();
        fake_mm_shuffle(0);
        vm_object_destroy(&file.object);
        fake_audit();
    }
}

// --- allocation failing at every n ------------------------------------------------------------------------

// A life: map, touch, fork, write in both, unmap, protect. => the first error; whatever was made is undone
static int life(struct fake_file *of)
{
    struct vm_space *parent = vm_space_create(), *child = NULL;
    uint64_t word;
    if (!parent)
        return -ENOMEM;
    int error = fake_map(parent, ANON, PAGES, VM_ANON, PT_R | PT_W);
    error = error ? error : fake_map_file(parent, FILE_AT, PAGES, PT_R | PT_W, of, 0);
    for (unsigned page = 0; !error && page < 2 * PAGES; page += 3)
        error = fake_store(parent, 0, word_of(0, page), page) == VM_FAULT_OK ? 0 : -ENOMEM;
    error = error ? error : vm_space_fork(parent, FORK_LEND, &child);
    for (unsigned page = 0; !error && page < 2 * PAGES; page++)
        if (fake_store(child, 1, word_of(0, page), page) || fake_store(parent, 0, word_of(0, page), page) ||
            fake_load(child, 1, word_of(1, page), &word))
            error = -ENOMEM;
    error = error ? error : vm_unmap(parent, ANON + PAGE_SIZE, PAGE_SIZE);
    error = error ? error : vm_protect(parent, FILE_AT + PAGE_SIZE, PAGE_SIZE, PT_R);
    error = error ? error : fake_map(parent, FILE_AT + 3 * PAGE_SIZE, 1, VM_ANON, PT_R);
    fake_hart = 0;
    if (child)
        fake_space_put(child);
    fake_space_put(parent);
    CHECK(of->references == 0 && list_empty(&of->object.regions));
    vm_object_resize(&of->object, 0);
    vm_object_resize(&of->object, PAGES);
    return error;
}

static void every_allocation_fails_once(void)
{
    fake_file_init(&file, PAGES);
    CHECK(life(&file) == 0);
    size_t free = frame_free_count();
    unsigned n = 0;
    bool failed;
    do { // some failures have no consequence: a guess that was not needed, a reclaim that helped
        CHECK(frame_free_count() == free);
        fake_fail_countdown = ++n;
        int error = life(&file);
        failed = fake_fail_countdown == 0;
        CHECK(error == 0 || (error == -ENOMEM && failed));
        fake_fail_countdown = 0;
        fake_audit();
    } while (failed);
    CHECK(n > 30);
    vm_object_destroy(&file.object);
}

// --- the audit itself -------------------------------------------------------------------------------------

static const char *audit_says(void)
{
    static char buffer[4096];
    struct text report = {.buffer = buffer, .capacity = sizeof(buffer)};
    buffer[0] = '\0';
    CHECK(mm_audit(&report) >= 0);
    return buffer;
}

static struct frame *held;

static void walk_held(void)
{
    if (held)
        audit_found(held);
}

static void let_go_later(void *argument)
{
    (void)argument;
    wait_park(clock_ns() + 25000000);
    frame_put(held);
}

static void audit_finds(void)
{
    space = vm_space_create();
    CHECK(fake_map(space, ANON, 2, VM_ANON, PT_R | PT_W) == 0 && fake_store(space, 0, ANON, 1) == VM_FAULT_OK);
    struct frame *frame = fake_leaf(space, ANON).frame;
    CHECK(audit_says()[0] == '\0');
    frame_get(frame); // a leaked reference
    CHECK(strstr(audit_says(), "anon") && strstr(audit_says(), "count 2, found 1"));
    frame_put(frame);
    struct frame *lost = frame_alloc(FRAME_KERNEL, 2, 0); // a leaked block
    CHECK(strstr(audit_says(), "order 2, kernel") && strstr(audit_says(), "count 1, found 0"));
    audit_add_source(walk_held);
    held = lost;
    CHECK(audit_says()[0] == '\0');
    held = lost + 1; // the middle of a block
    CHECK(strstr(audit_says(), "order 2, kernel"));
    frame_put(lost);
    held = frame_by_number(frame_number(frame)); // one holder too many
    CHECK(strstr(audit_says(), "count 1, found 2"));
    held = frame_alloc(FRAME_KERNEL, 0, 0);
    frame_get(held); // in flight: landed before the last try
    fake_task_start(let_go_later, NULL);
    CHECK(audit_says()[0] == '\0' && held->refs == 1);
    fake_tasks_finish();
    frame_put(held);
    held = NULL;
    fake_space_put(space);
    fake_audit();
}

static void life_and_death(void)
{
    struct vm_space *one = vm_space_create();
    vm_space_get(one);
    vm_space_put(one);
    CHECK(fake_map(one, ANON, 1, VM_ANON, PT_R | PT_W) == 0 && fake_store(one, 2, ANON, 1) == VM_FAULT_OK);
    struct vm_space *two;
    CHECK(fake_map(one, SCRATCH, 3, VM_ANON, PT_R | PT_W) == 0 && fake_store(one, 2, SCRATCH, 1) == VM_FAULT_OK);
    CHECK(vm_space_fork(one, FORK_LEND, &two) == 0 && fake_store(two, 1, SCRATCH + PAGE_SIZE, 1) == VM_FAULT_OK);
    CHECK(fake_leaf(two, SCRATCH).frame == fake_leaf(one, SCRATCH).frame && fake_mapped_pages(two) == 4);
    fake_space_put(one);
    fake_space_put(two);
    fake_audit();
}

int main(int count, char **arguments)
{
    fake_mm_boot(6);
    pt_lend_least = 0; // the tables here are nearly empty
    life_and_death(); // makes the first slabs known
    size_t free = frame_free_count();
    TEST(life_and_death);
    TEST(every_allocation_fails_once);
    TEST(audit_finds);
    TEST(truncation_against_faults);
    CHECK(frame_free_count() == free);
    for (uint64_t seed = 1; seed <= (count > 1 ? strtoull(arguments[1], NULL, 10) : 60); seed++) {
        threads_of_one_space(seed);
        CHECK(frame_free_count() == free);
    }
    CHECK(forks > 20 && denied > 20);
    printf("ok - threads_of_one_space\n");
}
