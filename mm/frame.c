// SPDX-License-Identifier: MIT
//
// Frames: who owns which page of RAM, and a buddy allocator over those that nobody owns.
//
// One array of records covers all RAM from its first page to its last. A record's number is chosen so that its
// low bits are those of the physical page number; blocks of 2^order frames are aligned in both, and the buddy of
// a block is found by flipping one bit of its number:
//
//   number   0..9         512...
//            list heads | padding | RAM | hole | RAM | padding
//
// Records without RAM behind them are RESERVED and immortal, as is the memory of firmware, kernel and of this
// array itself; so no block ever spans a hole. Records 0-9 are the heads of the free lists, one per order; so
// number 0 can mean "none" elsewhere.
//
// Called from every layer. One spin lock (RANK_FRAMES) guards lists, kinds and orders; counts are atomic.
// Pages are poisoned, checked and zeroed outside the lock.

#include "mm/frame.h"
#include "arch/machine.h"
#include "lib/assert.h"
#include "lib/poison.h"
#include "lib/string.h"

#define ORDERS         10
#define BLOCK_FRAMES   ((uint64_t)1 << (ORDERS - 1))
#define REFS_IMMORTAL  ((uint32_t)3 << 30) // far above FRAME_REFS_MAX: see frame_get
#define LEAST_FRAMES   1024

struct frame_span frame_span;
static struct frame *frames; // C
static uint64_t records;     // C
static struct spinlock frames_lock = SPINLOCK_INIT(RANK_FRAMES);
static _Atomic size_t free_frames; // written under frames_lock

const char *frame_kind_name(enum frame_kind kind)
{
    static const char *const names[FRAME_KINDS] = {"free", "reserved", "kernel", "table", "anon", "cache"};
    return kind < FRAME_KINDS ? names[kind] : "?";
}

// --- numbers, addresses, records -------------------------------------------------------------------------

struct frame *frame_of(const void *kernel_address)
{
    return frame_at(virt_to_phys(kernel_address));
}

uint64_t frame_number(const struct frame *frame)
{
    return (uint64_t)(frame - frames);
}

struct frame *frame_by_number(uint64_t number)
{
    ASSERT(number < records);
    return frames + number;
}

size_t frame_free_count(void)
{
    return atomic_load_explicit(&free_frames, memory_order_relaxed);
}

// --- poison: debug builds notice whoever writes to a page that is free ------------------------------------

// A page that was never freed is not poisoned: a flag in the record of each page of a block tells.
enum { FLAG_POISONED = 0x80 }; // none of enum frame_flags

static void poison_block(struct frame *block, unsigned order)
{
    for (struct frame *frame = block; frame < block + ((size_t)1 << order); frame++) {
        poison(frame_memory(frame), PAGE_SIZE);
        atomic_store_explicit(&frame->flags, FLAG_POISONED, memory_order_relaxed);
    }
}

static void check_poison(struct frame *block, unsigned order)
{
    for (struct frame *frame = block; frame < block + ((size_t)1 << order); frame++) {
        if (atomic_exchange_explicit(&frame->flags, 0, memory_order_relaxed) != FLAG_POISONED)
            continue;
        size_t intact = poison_intact(frame_memory(frame), PAGE_SIZE);
        if (intact < PAGE_SIZE)
            panic("frame %zu was written after it was freed, at byte %zu", (size_t)frame_number(frame), intact);
    }
}

// --- free lists: all with frames_lock held ----------------------------------------------------------------

static void list_block(struct frame *block, unsigned order)
{
    struct frame *head = frames + order;
    uint32_t number = (uint32_t)frame_number(block);
    block->kind = FRAME_FREE;
    block->order = (uint8_t)order;
    block->free.next = head->free.next;
    block->previous = order;
    frames[head->free.next].previous = number;
    head->free.next = number;
}

static void unlist_block(struct frame *block)
{
    frames[block->previous].free.next = block->free.next;
    frames[block->free.next].previous = block->previous;
}

// The first record of the buddy of a block always heads a block itself: a larger free block around it would
// contain ours too. So kind and order there are never stale.
static void free_block(struct frame *block, unsigned order)
{
    atomic_fetch_add_explicit(&free_frames, (size_t)1 << order, memory_order_relaxed);
    uint64_t number = frame_number(block);
    for (; order < ORDERS - 1; order++) {
        struct frame *buddy = frames + (number ^ (uint64_t)1 << order);
        if (buddy->kind != FRAME_FREE || buddy->order != order)
            break;
        unlist_block(buddy);
        number &= ~((uint64_t)1 << order);
    }
    list_block(frames + number, order);
}

static struct frame *take_block(enum frame_kind kind, unsigned order)
{
    unsigned from = order;
    while (from < ORDERS && frames[from].free.next == from)
        from++;
    if (from == ORDERS)
        return NULL;
    struct frame *block = frames + frames[from].free.next;
    unlist_block(block);
    while (from > order) { // keep the lower half, list the upper one
        from--;
        list_block(block + ((size_t)1 << from), from);
    }
    block->kind = (uint8_t)kind;
    block->order = (uint8_t)order;
    atomic_fetch_sub_explicit(&free_frames, (size_t)1 << order, memory_order_relaxed);
    return block;
}

void frame_for_each_free(void (*visit)(struct frame *block))
{
    for (uint32_t order = 0; order < ORDERS; order++)
        for (uint32_t number = frames[order].free.next; number != order; number = frames[number].free.next)
            visit(frames + number);
}

// --- allocation and counts --------------------------------------------------------------------------------

struct frame *frame_alloc(enum frame_kind kind, unsigned order, unsigned alloc_flags)
{
    ASSERT(order < ORDERS && kind != FRAME_FREE);
    spin_lock(&frames_lock);
    struct frame *block = alloc_fails() ? NULL : take_block(kind, order);
    spin_unlock(&frames_lock);
    if (!block)
        return NULL;
    if (atomic_load_explicit(&block->refs, memory_order_relaxed) != 0)
        panic("free frame %zu has references", (size_t)frame_number(block));
    if (KINE_DEBUG)
        check_poison(block, order);
    atomic_store_explicit(&block->flags, 0, memory_order_relaxed);
    if (alloc_flags & ALLOC_ZERO)
        memset(frame_memory(block), 0, PAGE_SIZE << order);
    memset(block->words, 0, sizeof(block->words));
    atomic_store_explicit(&block->refs, 1, memory_order_relaxed); // the only 0 -> 1 (R2)
    return block;
}

// A count that passes the ceiling is set far above it, once and for all (R6): harts that looked a moment
// before may still add or take away a few, which no longer matters.
void frame_count_is_odd(struct frame *frame, uint32_t before)
{
    if (before == 0)
        panic("frame %zu (%s) %s", (size_t)frame_number(frame), frame_kind_name(frame->kind),
              atomic_load_explicit(&frame->refs, memory_order_relaxed) == 1 ? "revived" : "freed twice");
    frame_make_immortal(frame);
}

void frame_free(struct frame *frame)
{
    unsigned order = frame->order;
    if (KINE_DEBUG)
        poison_block(frame, order);
    spin_lock(&frames_lock);
    free_block(frame, order);
    spin_unlock(&frames_lock);
}

// The records behind the first are as the last free left them: not free, and with no count.
void frame_split(struct frame *block)
{
    size_t frames_in_block = (size_t)1 << block->order;
    spin_lock(&frames_lock);
    for (struct frame *frame = block; frame < block + frames_in_block; frame++) {
        frame->kind = block->kind;
        frame->order = 0;
        atomic_store_explicit(&frame->flags, 0, memory_order_relaxed);
        atomic_store_explicit(&frame->refs, 1, memory_order_relaxed);
    }
    spin_unlock(&frames_lock);
}

void frame_put(struct frame *frame)
{
    if (frame_drop(frame))
        frame_free(frame);
}

bool frame_exclusive(const struct frame *frame)
{
    return frame->kind == FRAME_ANON && atomic_load_explicit(&frame->refs, memory_order_acquire) == 1 &&
           !(atomic_load_explicit(&frame->flags, memory_order_acquire) & FRAME_BUSY);
}

void frame_make_immortal(struct frame *frame)
{
    atomic_store_explicit(&frame->refs, REFS_IMMORTAL, memory_order_relaxed);
}

// --- boot -------------------------------------------------------------------------------------------------

static struct memory_range array; // where the records are; no bytes: nowhere yet

// The first page behind something reserved that lies in [start, end) in part; 0: nothing does.
static paddr_t reserved_until(paddr_t start, paddr_t end)
{
    for (unsigned i = 0; i <= machine.reserved_ranges; i++) {
        const struct memory_range *range = i < machine.reserved_ranges ? &machine.reserved[i] : &array;
        if (range->bytes && range->start < end && range->start + range->bytes > start)
            return page_round_up(range->start + range->bytes);
    }
    return 0;
}

// The array goes to the first place that has room for it.
static void place_records(void)
{
    uint64_t need = page_round_up(records * sizeof(struct frame));
    for (unsigned i = 0; i < machine.memory_ranges; i++) {
        paddr_t at = page_round_up(machine.memory[i].start), end = machine.memory[i].start + machine.memory[i].bytes;
        for (paddr_t behind; (behind = reserved_until(at, at + need));)
            at = behind;
        if (at < end && need <= end - at) {
            array = (struct memory_range){at, need};
            frames = phys_to_virt(at);
            return;
        }
    }
    fatal("too little memory: no room for %zu KiB of frame records", (size_t)need / 1024);
}

// Frees what is not reserved, page by page: blocks grow together.
static void free_range(const struct memory_range *range)
{
    paddr_t at = page_round_up(range->start), end = page_round_down(range->start + range->bytes), behind;
    while (at < end) {
        if ((behind = reserved_until(at, at + PAGE_SIZE))) {
            at = behind;
            continue;
        }
        struct frame *frame = frame_at(at);
        *frame = (struct frame){.kind = FRAME_KERNEL}; // not free before free_block says so
        free_block(frame, 0);
        at += PAGE_SIZE;
    }
}

void frame_init(void)
{
    const struct memory_range *ranges = machine.memory, *last = &ranges[machine.memory_ranges - 1];
    uint64_t first_page = (ranges->start >> PAGE_SHIFT) / BLOCK_FRAMES * BLOCK_FRAMES;
    uint64_t pages = ((last->start + last->bytes) >> PAGE_SHIFT) - first_page;
    pages = (pages + BLOCK_FRAMES - 1) / BLOCK_FRAMES * BLOCK_FRAMES;
    records = BLOCK_FRAMES + pages; // the list heads first
    place_records();
    frame_span = (struct frame_span){.first_page = first_page, .pages = pages, .records = frames + BLOCK_FRAMES,
                                     .memory = phys_to_virt(first_page << PAGE_SHIFT)};
    for (uint64_t i = 0; i < records; i++)
        frames[i] = (struct frame){.refs = REFS_IMMORTAL, .kind = FRAME_RESERVED};
    for (uint32_t order = 0; order < ORDERS; order++)
        frames[order].free.next = frames[order].previous = order;
    for (unsigned i = 0; i < machine.memory_ranges; i++)
        free_range(&ranges[i]);
    frame_span.usable_pages = frame_free_count();
    if (frame_span.usable_pages < LEAST_FRAMES)
        fatal("too little memory: %zu KiB usable, %u needed", frame_span.usable_pages * 4, LEAST_FRAMES * 4);
    frame_span.zero_page = frame_alloc(FRAME_RESERVED, 0, ALLOC_ZERO);
    frame_make_immortal(frame_span.zero_page);
}
