// SPDX-License-Identifier: MIT
//
// Page tables of user address spaces, as an exact, lockable map from pages to frames (sv39, privileged
// spec 4.4). Machine-independent code never sees an entry: it moves a cursor, reads a decoded leaf, and
// asks for one of a few changes. Counts are kept here: a leaf holds one reference to its frame, an upper
// entry one to its table, and a reference leaves a table only through a tlb_batch: flush, then put.
//
//   root (level 2) --> level-1 table --> leaf table (level 0) --> frame
//   \___________ guarded by `upper` __________/  \_ its own lock _/
//
// Lock order: space.map_lock > object.lock > upper > leaf lock. At most one `upper` and one leaf lock.

#ifndef ARCH_PAGETABLE_H
#define ARCH_PAGETABLE_H

#include "arch/tlb.h"
#include "arch/types.h"
#include "lib/spinlock.h"

struct frame;

// Letters: A atomic, C constant after creation, U guarded by upper.
struct pagetable {
    struct frame *root;       // C
    struct spinlock upper;    // guards root and level-1 entries against own (pt_lock) and reverse-map walks
    _Atomic uint64_t harts;   // A  harts that may hold translations of this table in their TLB
};

enum pt_class { PT_ABSENT, PT_READONLY, PT_WRITABLE, PT_SWAPPED, PT_CLASSES };
enum pt_prot { PT_R = 1, PT_W = 2, PT_X = 4 };

// A leaf, decoded under its lock.
struct pt_leaf {
    enum pt_class class;
    unsigned prot;       // enum pt_prot bits; 0 when absent or swapped out
    struct frame *frame; // NULL when absent or swapped out
    uint32_t slot;       // of the swap device, when swapped out; else 0
    bool accessed, dirty;
};

// Tables got before any lock is taken; what is not used stays with the caller (pt_spares_release).
struct pt_spares {
    struct frame *table[2];
};
[[nodiscard]] int pt_spares_fill(struct pt_spares *spares); // 0 or -ENOMEM; => holds no spin lock
void pt_spares_release(struct pt_spares *spares);

struct pt_cursor {
    struct pagetable *pt;
    vaddr_t va;          // page aligned
    struct frame *table; // the locked leaf table
    _Atomic uint64_t *slot;
};

// An empty user half below the shared kernel half. => returns 0 or -ENOMEM
[[nodiscard]] int pt_create(struct pagetable *pt);
// Puts every leaf, every table and the root. => no thread uses it any more and no region of it is listed on an
// object; harts (this one too) may still have it in satp: they are sent to the kernel root first. Cannot fail.
// => holds no spin lock
void pt_destroy(struct pagetable *pt);
// Load on this hart (NULL = kernel only); nothing to do when it is there already. => interrupts off
void pt_activate(struct pagetable *pt);

// Lock the leaf table that covers va, linking tables from `spares` where none is.
// => holds map_lock (either mode), no spin lock
// => returns 0 with the leaf lock held, or -EAGAIN with nothing locked: fill the spares and try again
[[nodiscard]] int pt_lock(struct pagetable *pt, vaddr_t va, struct pt_spares *spares, struct pt_cursor *cursor);
// The same without making tables: false, nothing locked, when there is no leaf table. For reverse maps too:
// => holds map_lock or the lock of an object the region is listed on
bool pt_lock_existing(struct pagetable *pt, vaddr_t va, struct pt_cursor *cursor);
void pt_unlock(struct pt_cursor *cursor);

// All of these: => cursor locked. PTEs that hardware may see are changed by atomics only: it sets A and D.
struct pt_leaf pt_read(const struct pt_cursor *cursor);
// R5: the only question that may lead to writing a page in place: is the frame ours alone?
bool pt_exclusive(const struct pt_cursor *cursor);
// Slot is empty; takes over the caller's reference to frame. `private` marks leaves that fork must protect.
void pt_install(struct pt_cursor *cursor, struct frame *frame, unsigned prot, bool private);
// Slot is present: swap in `frame` (reference taken over); the old frame leaves through the batch.
void pt_replace(struct pt_cursor *cursor, struct frame *frame, unsigned prot, struct tlb_batch *batch);
// More rights, fenced on this hart; no remote flush is needed, others fault spuriously.
void pt_widen(struct pt_cursor *cursor, unsigned prot);
// Fewer rights, none at all too (the leaf stays and reads as PT_READONLY with prot 0); the page goes to the batch.
void pt_narrow(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch);
// Empty the slot; page and frame go to the batch. A dirty CACHE frame is marked FRAME_DIRTY; a swap slot is put.
void pt_clear(struct pt_cursor *cursor, struct tlb_batch *batch);
// Set A (and D, for a write) for harts without hardware update, and fence this hart: a spurious fault.
void pt_touch(struct pt_cursor *cursor, bool write);

// Ranges, [start, end) page aligned: one leaf table locked at a time, empty spans skipped.
// => holds map_lock exclusive, no spin lock
// A table in which nothing is left leaves as a whole; a full batch is flushed on the way.
void pt_clear_range(struct pagetable *pt, vaddr_t start, vaddr_t end, struct tlb_batch *batch);
// Takes rights away: each leaf keeps only rights that are in `prot`; what it gains comes by fault.
void pt_narrow_range(struct pagetable *pt, vaddr_t start, vaddr_t end, unsigned prot, struct tlb_batch *batch);

// Fork: give the child what the parent has.
//   FORK_COW   leaves are copied, private ones lose W on both sides, frames are counted once more
//   FORK_COPY  every private ANON frame is copied at once (teaching, comparison)
// => holds the parent's map_lock exclusive; no hart runs the child; the child's regions are already on their
//    objects' lists right behind the parent's (a truncate that walks the list meets parent, then child)
// => returns 0, or -ENOMEM: the child is to be destroyed; the parent has lost W here and there, no more
// In both cases the caller finishes the batch before he releases map_lock, runs or destroys the child.
enum fork_mode { FORK_COW, FORK_COPY };
[[nodiscard]] int pt_fork(struct pagetable *parent, struct pagetable *child, enum fork_mode mode,
                          struct tlb_batch *batch);

// Walks for the audit and for memmap: `visit` is called with the leaf table locked (leaf), or with `upper`
// held (table). Tables include the root (level 2).
void pt_for_each_leaf(struct pagetable *pt, vaddr_t start, vaddr_t end,
                      void (*visit)(void *context, vaddr_t va, const struct pt_leaf *leaf), void *context);
void pt_for_each_table(struct pagetable *pt, void (*visit)(void *context, struct frame *table, unsigned level),
                       void *context);

#endif
