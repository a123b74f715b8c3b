// SPDX-License-Identifier: MIT
//
// The frame database against an oracle: which pages are out, what was written to them, how many are free.
// RAM comes in three odd ranges with holes and reserved pieces; each test runs in a process of its own,
// because frame_init() runs once per boot and panics are part of what is tested.

#include "arch/machine.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "tests/host/check.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

struct machine machine;

#define FIRST 0x80003000ULL // not even 2 MiB aligned
#define RAM_BLOCK (FIRST & ~(paddr_t)0x1fffff)
#define MEMORY_BYTES (64ULL << 20)
static uint8_t *memory;

void *phys_to_virt(paddr_t address)
{
    return memory + (address - RAM_BLOCK);
}

paddr_t virt_to_phys(const void *address)
{
    return RAM_BLOCK + (paddr_t)((const uint8_t *)address - memory);
}

// A panic ends the test's process as any other end does.
_Noreturn void machine_power_off(unsigned status)
{
    exit((int)status);
}

static void boot(void)
{
    memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    machine.memory_ranges = 3;
    machine.memory[0] = (struct memory_range){FIRST + 100, (9 << 20) - 100}; // starts inside a page
    machine.memory[1] = (struct memory_range){FIRST + (16 << 20), 5 << 20};
    machine.memory[2] = (struct memory_range){FIRST + (32 << 20), (21 << 20) + 77};
    machine.reserved_ranges = 4;
    machine.reserved[0] = (struct memory_range){FIRST, 0x5001}; // ends inside a page
    machine.reserved[1] = (struct memory_range){FIRST + (1 << 20), 0x20000};
    machine.reserved[2] = (struct memory_range){FIRST + (1 << 20) + 0x10000, 0x20000}; // overlaps the last one
    machine.reserved[3] = (struct memory_range){FIRST + (17 << 20), 0};
    frame_init();
}

static bool in_ram(paddr_t address)
{
    for (unsigned i = 0; i < machine.memory_ranges; i++)
        if (page_round_down(address) >= machine.memory[i].start &&
            page_round_down(address) + PAGE_SIZE <= machine.memory[i].start + machine.memory[i].bytes)
            return true;
    return false;
}

static bool is_reserved(paddr_t page)
{
    for (unsigned i = 0; i < machine.reserved_ranges; i++) {
        const struct memory_range *range = &machine.reserved[i];
        if (range->bytes && page + PAGE_SIZE > range->start && page < range->start + range->bytes)
            return true;
    }
    return false;
}

static unsigned rnd(unsigned below)
{
    static uint64_t state = 12345;
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % below;
}

static void counts_at_boot(void)
{
    boot();
    size_t ram_pages = 0, usable = 0;
    for (paddr_t page = FIRST; page < FIRST + MEMORY_BYTES; page += PAGE_SIZE) {
        struct frame *frame = frame_at(page + 17);
        if (!in_ram(page)) { // a hole, or behind
            CHECK(!frame || (frame->kind == FRAME_RESERVED && frame->refs > FRAME_REFS_MAX));
            continue;
        }
        ram_pages++;
        CHECK(frame_address(frame) == page && frame_memory(frame) == phys_to_virt(page));
        CHECK(frame_of(phys_to_virt(page)) == frame && frame_by_number(frame_number(frame)) == frame);
        CHECK(frame_number(frame) % 512 == page / PAGE_SIZE % 512);
        if (is_reserved(page))
            CHECK(frame->kind == FRAME_RESERVED && frame->refs > FRAME_REFS_MAX);
        usable += frame->kind != FRAME_RESERVED;
    }
    size_t array_pages = page_round_up((frame_span.pages + 512) * sizeof(struct frame)) / PAGE_SIZE;
    size_t reserved = 0;
    for (paddr_t page = FIRST; page < FIRST + MEMORY_BYTES; page += PAGE_SIZE)
        reserved += in_ram(page) && is_reserved(page);
    CHECK(frame_span.usable_pages == ram_pages - reserved - array_pages);
    CHECK(frame_free_count() == frame_span.usable_pages - 1 && usable == frame_free_count()); // the zero page
    CHECK(frame_span.zero_page->refs > FRAME_REFS_MAX);
    static const uint8_t zeros[PAGE_SIZE];
    CHECK(memcmp(frame_memory(frame_span.zero_page), zeros, PAGE_SIZE) == 0);
}

// Takes every block of `order`; puts them all; the count must come out the same for each order, or free
// blocks did not merge.
static size_t count_blocks(unsigned order)
{
    static struct frame *blocks[32768];
    size_t count = 0;
    while ((blocks[count] = frame_alloc(FRAME_KERNEL, order, 0)))
        count++;
    for (size_t i = 0; i < count; i++)
        frame_put(blocks[i]);
    return count;
}

static void blocks_merge_again(void)
{
    boot();
    size_t free = frame_free_count(), before[10];
    for (unsigned order = 0; order < 10; order++)
        before[order] = count_blocks(order);
    CHECK(before[0] == free && before[9] > 10);
    for (unsigned order = 10; order-- > 0;)
        CHECK(count_blocks(order) == before[order]);
    CHECK(frame_free_count() == free);
}

static void random_against_oracle(void)
{
    boot();
    static struct out {
        struct frame *frame;
        unsigned order;
        uint64_t stamp;
    } out[4096];
    static bool taken[MEMORY_BYTES / PAGE_SIZE];
    size_t count = 0, taken_pages = 0, free = frame_free_count();
    for (unsigned step = 0; step < 60000; step++) {
        if (count < 4096 && rnd(100) < (step / 8000 % 2 ? 40u : 60u)) {
            unsigned order = rnd(4) ? rnd(3) : rnd(10), zero = rnd(2);
            struct frame *frame = frame_alloc(rnd(2) ? FRAME_ANON : FRAME_KERNEL, order, zero ? ALLOC_ZERO : 0);
            if (!frame)
                continue;
            size_t pages = (size_t)1 << order, at = (frame_address(frame) - FIRST) / PAGE_SIZE;
            CHECK(frame_address(frame) % (PAGE_SIZE << order) == 0 && frame->order == order && frame->refs == 1);
            for (size_t i = 0; i < pages; i++) {
                paddr_t page = frame_address(frame) + i * PAGE_SIZE;
                CHECK(in_ram(page) && !is_reserved(page) && !taken[at + i]);
                taken[at + i] = true;
                uint64_t *word = phys_to_virt(page);
                CHECK(!zero || (word[0] == 0 && word[511] == 0));
                word[0] = word[511] = step + i;
            }
            out[count++] = (struct out){frame, order, step};
            taken_pages += pages;
        } else if (count) {
            size_t pick = rnd((unsigned)count);
            struct out one = out[pick];
            out[pick] = out[--count];
            size_t pages = (size_t)1 << one.order, at = (frame_address(one.frame) - FIRST) / PAGE_SIZE;
            for (size_t i = 0; i < pages; i++) {
                uint64_t *word = phys_to_virt(frame_address(one.frame) + i * PAGE_SIZE);
                CHECK(word[0] == one.stamp + i && word[511] == one.stamp + i);
                taken[at + i] = false;
            }
            if (rnd(2)) { // a second holder
                frame_get(one.frame);
                frame_put(one.frame);
            }
            frame_put(one.frame);
            taken_pages -= pages;
        }
        CHECK(frame_free_count() + taken_pages == free);
    }
    while (count)
        frame_put(out[--count].frame);
    CHECK(frame_free_count() == free);
}

// R6, C12: the count saturates; then it neither wraps nor reaches 0 nor looks exclusive.
static void counts_saturate(void)
{
    boot();
    struct frame *frame = frame_alloc(FRAME_ANON, 0, 0);
    CHECK(frame_exclusive(frame));
    frame_get(frame);
    CHECK(!frame_exclusive(frame));
    frame_put(frame);
    CHECK(frame_exclusive(frame));
    frame->flags |= FRAME_BUSY;
    CHECK(!frame_exclusive(frame));
    frame->flags = 0;
    for (unsigned i = 0; i < 70000; i++) // more than 16 bits hold
        frame_get(frame);
    CHECK(frame->refs == 70001);
    frame->refs = FRAME_REFS_MAX;
    frame_put(frame);
    CHECK(frame->refs == FRAME_REFS_MAX - 1);
    frame_get(frame);
    frame_get(frame); // over the ceiling
    for (unsigned i = 0; i < 100; i++)
        frame_put(frame);
    CHECK(frame->refs > FRAME_REFS_MAX && !frame_exclusive(frame));
    for (unsigned i = 0; i < 100; i++)
        frame_get(frame);
    CHECK(frame->refs > FRAME_REFS_MAX && frame->refs < UINT32_MAX / 8 * 7);
}

// --- things that must stop the kernel ---------------------------------------------------------------------

static void freed_twice(void)
{
    boot();
    struct frame *frame = frame_alloc(FRAME_ANON, 3, 0);
    frame_put(frame);
    frame_put(frame);
}

static void revived(void)
{
    boot();
    struct frame *frame = frame_alloc(FRAME_ANON, 0, 0);
    frame_put(frame);
    frame_get(frame);
}

static void written_after_free(void)
{
    boot();
    struct frame *frame = frame_alloc(FRAME_ANON, 0, 0);
    uint8_t *byte = frame_memory(frame);
    frame_put(frame);
    byte[4095] ^= 1;
    count_blocks(0);
}

static void too_little_memory(void)
{
    memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    machine.memory_ranges = 1;
    machine.memory[0] = (struct memory_range){FIRST, 1 << 20};
    frame_init();
}

// Two ranges so far apart that the records of all between are larger than either.
static void no_room_for_records(void)
{
    memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    machine.memory_ranges = 2;
    machine.memory[0] = (struct memory_range){FIRST, 32 << 10};
    machine.memory[1] = (struct memory_range){FIRST + (32 << 20), 32 << 10};
    frame_init();
}

static void free_with_references(void)
{
    boot();
    struct frame *frame = frame_alloc(FRAME_ANON, 0, 0);
    frame_put(frame);
    frame->refs = 1;
    while (frame_alloc(FRAME_ANON, 0, 0))
        ;
}

static void run(const char *name, void (*function)(void), const char *panic_text)
{
    fflush(stdout);
    int pipe_ends[2];
    CHECK(pipe(pipe_ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        panic_set_hook(NULL); // which would abort
        if (panic_text) {     // its words go to the parent
            dup2(pipe_ends[1], 1);
            dup2(pipe_ends[1], 2);
        }
        close(pipe_ends[0]);
        function();
        exit(0);
    }
    close(pipe_ends[1]);
    static char said[1 << 16];
    size_t length = 0;
    for (ssize_t got; (got = read(pipe_ends[0], said + length, sizeof(said) - 1 - length)) > 0;)
        length += (size_t)got;
    said[length] = '\0';
    close(pipe_ends[0]);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    bool ok = panic_text ? status != 0 && strstr(said, panic_text) != NULL : status == 0;
    printf("%s - %s\n", ok ? "ok" : "not ok", name);
    if (!ok) {
        printf("%s", said);
        exit(1);
    }
}

int main(void)
{
    run("counts_at_boot", counts_at_boot, NULL);
    run("blocks_merge_again", blocks_merge_again, NULL);
    run("random_against_oracle", random_against_oracle, NULL);
    run("counts_saturate", counts_saturate, NULL);
    run("freed_twice", freed_twice, "freed twice");
    run("revived", revived, "revived");
    run("written_after_free", written_after_free, "written after it was freed");
    run("free_with_references", free_with_references, "has references");
    run("too_little_memory", too_little_memory, "too little memory");
    run("no_room_for_records", no_room_for_records, "no room for");
}
