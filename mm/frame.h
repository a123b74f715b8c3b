// SPDX-License-Identifier: MIT
//
// The physical page-frame database: one 32-byte record per page of RAM, with an exact reference count.
// docs/REFCOUNT.md has the protocol R1-R8; the audit (mm/audit.h) recounts all of it.
//
// Who may hold a reference (R1, a closed list): one per leaf entry in each distinct table that names the
// frame; one if a vm_object indexes it; one per named kernel holder (fault spare, TLB batch, I/O in
// progress, pipe page). A table's count is one per upper entry that names it.
#pragma once

#include "arch/types.h"
#include "lib/spinlock.h"

struct vm_object;
struct slab_cache;

enum frame_kind {
    FRAME_FREE,
    FRAME_RESERVED, // firmware, kernel image: immortal
    FRAME_KERNEL,   // slab, stacks, rings, pipe pages: exactly one holder
    FRAME_TABLE,    // page table
    FRAME_ANON,     // private memory of processes; leaf entries are the only record
    FRAME_CACHE,    // page of a vm_object
    FRAME_KINDS
};
const char *frame_kind_name(enum frame_kind kind);

enum frame_flags {
    FRAME_BUSY = 1,       // CACHE: being filled or written. ANON: another hart may still read the page it replaced
    FRAME_DIRTY = 2,      // CACHE: differs from what is stored
    FRAME_REFERENCED = 4, // CACHE: used since reclaim last came by
    FRAME_SUB_SHIFT = 8   // CACHE of a block device: bits 8-15 say which eighths (512 bytes) are dirty
};

#define FRAME_REFS_MAX ((uint32_t)1 << 30) // above: immortal, never exclusive, never freed

// Letters: A atomic; C constant while refs > 0; T the table's lock; O object lock; F free-list lock; S slab's
// lock. Lists are linked by frame number.
struct frame {
    _Atomic uint32_t refs;  // A  0 free; 1..MAX counted; above MAX immortal
    uint8_t kind;           // C  enum frame_kind; changes only across refs == 0 (R3)
    uint8_t order;          // C  2^order frames belong together, the first one speaks for all
    _Atomic uint16_t flags; // A  enum frame_flags
    uint32_t audit;         // the audit's own: holders found so far
    uint32_t previous;      // F S  on the lists of free blocks, of slabs with room
    union {
        struct { // FRAME_FREE
            uint32_t next; // F
        } free;
        struct { // FRAME_TABLE
            struct spinlock lock;     // leaf tables only
            uint8_t level;            // C
            bool mega;                // T  its leaves are one 2 MiB page (pagetable_mega.c)
            uint16_t live, low, high; // T  entries in use, all of them in [low, high); upper levels: by `upper`
        } table;
        struct { // FRAME_ANON, the first of a 2 MiB page
            struct frame *_Atomic table; // T  the leaf table that names it; read without: named_table()
        } mega;
        struct { // FRAME_CACHE
            struct vm_object *_Atomic object; // O  NULL: not indexed any more. Read under a leaf lock too: object.c
            uint64_t index;                   // C  pages from the start of the object
        } cache;
        struct { // FRAME_KERNEL, in use by a slab
            struct slab_cache *cache;  // S
            uint16_t free_first, used; // S
            uint32_t next; // S
        } slab;
        uint64_t words[2]; // all of the above
    };
};
_Static_assert(sizeof(struct frame) == 32, "one record is half a cache line");

// Builds the database from machine.memory and machine.reserved. Stops with one clear line when there is
// too little memory.
void frame_init(void);

// A block of 2^order frames, order 0-9, count 1, not zeroed unless ALLOC_ZERO.
// => returns NULL when none is free; never sleeps; any context in which RANK_FRAMES may be taken
enum { ALLOC_ZERO = 1 };
struct frame *frame_alloc(enum frame_kind kind, unsigned order, unsigned alloc_flags);

// The same, but frees what can be freed before it gives up (mm/reclaim.c). => holds no spin lock; sleeps while pages
// are written to the swap device, whatever sleep locks are held
struct frame *frame_alloc_reclaim(enum frame_kind kind, unsigned order, unsigned alloc_flags);

// On purpose (proc/fail_nth.c): does this allocation of the calling task fail; has its last one?
#if KINE_OPTION_FAIL_NTH
bool alloc_fails(void), alloc_failed(void);
#else
#define alloc_fails()  false
#define alloc_failed() false
#endif

// R2: the caller holds, or is covered by, a reference. Nobody counts what is immortal.
void frame_count_is_odd(struct frame *frame, uint32_t before); // a count that reaches the ceiling, or was 0: panics
static inline void frame_get(struct frame *frame)
{
    uint32_t before = atomic_load_explicit(&frame->refs, memory_order_relaxed);
    if (before > FRAME_REFS_MAX)
        return;
    before = atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
    if (before - 1 >= FRAME_REFS_MAX - 1)
        frame_count_is_odd(frame, before);
}

void frame_put(struct frame *frame); // never for a reference that a leaf held: those go through a tlb_batch
// Gives up the reference that *held names, if it does; afterwards it names none
static inline void frame_let_go(struct frame **held)
{
    if (*held)
        frame_put(*held);
    *held = NULL;
}
// The two halves of frame_put, for who has something to do in between. => true: it was the last; frame_free() is due
[[nodiscard]] static inline bool frame_drop(struct frame *frame)
{
    if (atomic_load_explicit(&frame->refs, memory_order_relaxed) > FRAME_REFS_MAX)
        return false;
    uint32_t before = atomic_fetch_sub_explicit(&frame->refs, 1, memory_order_release);
    if (before == 0)
        frame_count_is_odd(frame, before);
    if (before != 1)
        return false;
    atomic_thread_fence(memory_order_acquire); // all that the other holders did happened before
    return true;
}
void frame_free(struct frame *frame);
// A block, count 1, becomes single frames with a count of 1 each. => nobody else knows the block
void frame_split(struct frame *block);
// refs == 1, ANON, not BUSY. Says nothing about who the one holder is: see R5 and pt_exclusive().
bool frame_exclusive(const struct frame *frame);
void frame_make_immortal(struct frame *frame);

// RAM from its first page to its last, in whole blocks of 2 MiB, and a record for each page; constant after
// frame_init. Holes have records too, RESERVED ones.
struct frame_span {
    uint64_t first_page, pages; // physical page numbers
    struct frame *records;
    uint8_t *memory;         // in the direct map
    size_t usable_pages;     // not reserved
    struct frame *zero_page; // immortal, all zero, FRAME_RESERVED
};
extern struct frame_span frame_span;

// Frame <-> physical address, kernel (direct map) address. frame_at gives NULL outside the span.
static inline struct frame *frame_at(paddr_t address)
{
    uint64_t page = (address >> PAGE_SHIFT) - frame_span.first_page;
    return page < frame_span.pages ? frame_span.records + page : NULL;
}

static inline paddr_t frame_address(const struct frame *frame)
{
    return (frame_span.first_page + (uint64_t)(frame - frame_span.records)) << PAGE_SHIFT;
}

static inline void *frame_memory(const struct frame *frame)
{
    return frame_span.memory + ((uint64_t)(frame - frame_span.records) << PAGE_SHIFT);
}

struct frame *frame_of(const void *kernel_address); // of a direct-map address
uint64_t frame_number(const struct frame *frame); // for lists: 0 stands for none
struct frame *frame_by_number(uint64_t number);   // of a frame

size_t frame_free_count(void);
// Calls visit(block) for every block on a free list. => the other harts are stopped: takes no lock
void frame_for_each_free(void (*visit)(struct frame *block));
