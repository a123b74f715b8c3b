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
// A leaf table may be lent: named by several spaces, reached by no hardware (docs/LENDING.md). Every change of a
// leaf but "fewer rights" and "gone" needs a table of one's own: pt_lock() sees to it.
//
// Lock order: space.map_lock > object.lock > upper > leaf lock. At most one `upper` and one leaf lock.
#pragma once

#include "arch/tlb.h"
#include "arch/types.h"
#include "lib/spinlock.h"

struct frame;

// Letters: A atomic, C constant after creation. The atomic ones are tlb.c's, which explains them.
struct pagetable {
    struct frame *root;       // C
    struct spinlock upper;    // guards root and level-1 entries against own (pt_lock) and reverse-map walks
    _Atomic uint64_t harts;   // A  harts that may hold translations of this table in their TLB
    _Atomic uint64_t running; // A  harts that have it in satp
    _Atomic uint64_t context; // A  generation and ASID
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
    bool shared; // for visitors: somebody else has this page too, or the whole table
};

// A table got before any lock is taken, where there is none yet. What is not used stays the caller's: frame_let_go()
[[nodiscard]] int pt_spare_fill(struct frame **spare); // 0 or -ENOMEM; => holds no spin lock

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

// Lock the leaf table that covers va: one of this space's own, made of or copied into `*spare` where it is not there
// or lent. => holds map_lock (either mode), no spin lock
// => returns 0 with the leaf lock held, or -EAGAIN with nothing locked: fill the spare and try again
[[nodiscard]] int pt_lock(struct pagetable *pt, vaddr_t va, struct frame **spare, struct pt_cursor *cursor);
// The same without making tables: false, nothing locked, when there is no leaf table. It may be lent: read it,
// take rights away, clear; no more. For reverse maps: => holds map_lock, or the lock of an object the region is on
// Next: the first one there is for an address of [*va, end), with *va moved up to it.
bool pt_lock_next(struct pagetable *pt, vaddr_t *va, vaddr_t end, struct pt_cursor *cursor);
static inline bool pt_lock_existing(struct pagetable *pt, vaddr_t va, struct pt_cursor *cursor)
{
    return pt_lock_next(pt, &va, va + PAGE_SIZE, cursor);
}
void pt_unlock(struct pt_cursor *cursor);
// To another page that the same leaf table covers
static inline void pt_cursor_move(struct pt_cursor *cursor, vaddr_t va)
{
    cursor->slot += ((int64_t)va - (int64_t)cursor->va) >> PAGE_SHIFT;
    cursor->va = va;
}

// All of these: => cursor locked. PTEs that hardware may see are changed by atomics only: it sets A and D.
struct pt_leaf pt_read(const struct pt_cursor *cursor);
// R5: the only question that may lead to writing a page in place: is the frame ours alone?
bool pt_exclusive(const struct pt_cursor *cursor);
// Slot is empty; takes over the caller's reference to frame. `private` marks leaves that fork must protect.
void pt_install(struct pt_cursor *cursor, struct frame *frame, unsigned prot, bool private);
// Slot is present: swap in `frame` (reference taken over); the old frame leaves through the batch.
void pt_replace(struct pt_cursor *cursor, struct frame *frame, unsigned prot, struct tlb_batch *batch);
// More rights, fenced on this hart; others fault spuriously. Only a split of 2 MiB needs the batch.
void pt_widen(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch);
// R5: make every leaf of [start, end) in this table writable that is exclusive, as the cursor's is.
void pt_claim(struct pt_cursor *cursor, vaddr_t start, vaddr_t end, unsigned prot);
// No rights but those in `prot`, none at all too (the leaf stays and reads as PT_READONLY with prot 0); where that
// takes some away the page goes to the batch.
void pt_narrow(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch);
// Empty the slot; page and frame go to the batch, a swap slot is put.
void pt_clear(struct pt_cursor *cursor, struct tlb_batch *batch);
// Set A (and D, for a write) for harts without hardware update, and fence this hart: a spurious fault.
void pt_touch(struct pt_cursor *cursor, bool write);

// 2 MiB pages, an optional part. Possible: no page of the table's span is there, and the table is the space's own.
// Install: `block` of order 9, whose one reference is taken over, maps all of the span from now on.
bool pt_mega_possible(const struct pt_cursor *cursor);
void pt_mega_install(struct pt_cursor *cursor, struct frame *block, unsigned prot);
#if KINE_OPTION_MEGAPAGE
size_t pt_mega_count(void); // tables that are 2 MiB pages
// The audit's, for each leaf table: is it what it says? => other harts stopped; counts it in *found if it is one
bool pt_mega_audit(struct frame *table, size_t *found);
#else
static inline size_t pt_mega_count(void) { return 0; }
static inline bool pt_mega_audit(struct frame *table, size_t *found) { (void)table, (void)found; return true; }
#endif

// Ranges, [start, end) page aligned: one leaf table locked at a time, empty spans skipped.
// => holds map_lock exclusive, no spin lock
// Own what a change of the range needs: every table of it (narrow), or those that hold leaves outside it, too
// (clear). => returns 0, or -ENOMEM: nothing that a program could notice has changed
[[nodiscard]] int pt_own_range(struct pagetable *pt, vaddr_t start, vaddr_t end);
[[nodiscard]] int pt_own_cut(struct pagetable *pt, vaddr_t start, vaddr_t end);
// A table in which nothing is left leaves as a whole. Flushed on return. => pt_own_cut was done
void pt_clear_range(struct pagetable *pt, vaddr_t start, vaddr_t end);
// Calls `change`, pt_narrow for one, with each leaf that is in use, its table locked as by pt_lock_existing, and
// with room in the batch. Flushed on return. => pt_own_range was done, or it does only what a lent table allows; or
// holds no map_lock but the lock of an object that the region is on
typedef void (*pt_changer)(struct pt_cursor *cursor, unsigned prot, struct tlb_batch *batch);
void pt_change_range(struct pagetable *pt, vaddr_t start, vaddr_t end, pt_changer change, unsigned prot);

// Exchange the leaves of two ranges, references and all: what is at `a` now is at `b` then, and the reverse. Flushed
// on return. => holds map_lock exclusive, and the locks of all objects that a listed region in the ranges belongs
// to; the ranges do not overlap, and since map_lock was taken pt_exchange_prepare has returned 0 for them, which is
// the only part that can fail (-ENOMEM)
[[nodiscard]] int pt_exchange_prepare(struct pagetable *pt, vaddr_t a, vaddr_t b, uint64_t bytes);
void pt_exchange_range(struct pagetable *pt, vaddr_t a, vaddr_t b, uint64_t bytes);

// Fork gives the child what the parent has, by lending (docs/LENDING.md). In this order, with the parent's map_lock
// held exclusive and no hart running the child:
//   1 prepare   all memory that is needed. => returns 0, or -ENOMEM: nothing has happened
//   2 lend      cannot fail. The caller finishes the batch,
//   3           and only then lists the child's regions on their objects
//   4 settle    by mode: take back and copy sparse tables; all tables (classic COW); all tables, and every private
//               frame as well. => returns 0; -ENOMEM with FORK_COPY only: the child is to be destroyed
enum fork_mode { FORK_LEND, FORK_COW, FORK_COPY };
#define PT_SPARSE_MOST 16
struct pt_lending { // from lend to settle
    unsigned sparse_count;
    vaddr_t sparse[PT_SPARSE_MOST]; // tables with so few leaves that a copy is cheaper; what does not fit stays lent
};
[[nodiscard]] int pt_lend_prepare(struct pagetable *parent, struct pagetable *child);
void pt_lend(struct pagetable *parent, struct pagetable *child, struct pt_lending *lending, struct tlb_batch *batch);
extern unsigned pt_lend_least; // leaves of a table below which FORK_LEND copies it; set at boot, if at all
[[nodiscard]] int pt_lend_settle(struct pagetable *parent, struct pagetable *child, const struct pt_lending *lending,
                                 enum fork_mode mode);

// Walks for the audit and for memmap: `visit` is called with the leaf table locked (leaf), or with `upper`
// held (table). Tables include the root (level 2); one that is lent is met in each space that names it.
typedef void (*pt_leaf_visitor)(void *context, vaddr_t va, const struct pt_leaf *leaf);
void pt_for_each_leaf(struct pagetable *pt, vaddr_t start, vaddr_t end, pt_leaf_visitor visit, void *context);
void pt_for_each_table(struct pagetable *pt, void (*visit)(void *context, struct frame *table, unsigned level),
                       void *context);
void pt_table_leaves(struct frame *table, pt_leaf_visitor visit, void *context); // va: from the table's start
