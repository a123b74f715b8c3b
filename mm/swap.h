// SPDX-License-Identifier: MIT
//
// Swap: private pages that wait on a disk instead of in RAM. The disk is an array of slots of one page each; number
// 0 holds its header, so 0 means none. A slot has an exact count like a frame: one for each leaf that names
// it in each distinct page table, and one for each fault that reads it. docs/REFCOUNT.md tells the whole story.
//
// An optional part: with mm/swap.c come mm/policy/swap.c, mm/reclaim_spaces.c and fs/swap.c. Without it no leaf is
// ever swapped out, and what the rest of the kernel asks is answered below.
#pragma once

#include "arch/types.h"

struct frame;
struct text;
struct vm_space;

#define SWAP_BATCH    32 // pages written together
#define SLOT_UNUSABLE UINT32_MAX

struct swap_slot {
    uint32_t refs; // 0 free, or SLOT_UNUSABLE
    uint32_t audit;
};

// fs/ knows what the disk is, and what its header says.
struct swap_device {
    const char *name;
    struct swap_slot *slots; // all free but for those that are not to be used, number 0 among them
    uint32_t slot_count, usable;
    // Up to SWAP_BATCH pages at once when writing, one when reading. => returns 0 or -EIO, of any; may sleep, takes
    // no sleep lock and no memory: reclaim waits for it
    int (*transfer)(void *disk, bool write, const uint32_t *slots, struct frame *const *frames, unsigned count);
    void *disk;
};

#if KINE_OPTION_SWAP
[[nodiscard]] int swap_start(const struct swap_device *device); // for good. 0, -EBUSY: there is one already
uint32_t swap_total_count(void); // slots that can be used
uint32_t swap_free_count(void);  // and that nobody does; 0: none, or the device is not written any more

void swap_get(uint32_t slot); // the caller is covered by a reference
void swap_put(uint32_t slot); // 0 is fine
// A slot, count 1, for a frame whose one reference the caller has and gives up. => holds a leaf lock; returns 0,
// nothing taken, when there is none
uint32_t swap_take(struct frame *frame);
// Writes what has been taken, and puts the frames. => no hart has old translations of them any more; one thread
// alone calls this and swap_take()
void swap_write_taken(void);
// The page of a slot to which the caller holds a reference; not to be written: others may have it too.
// => returns 0 with a reference, -ENOMEM, -EIO; may sleep
[[nodiscard]] int swap_read(uint32_t slot, struct frame **out);

size_t vm_spaces_reclaim(bool wanted);              // what the thread `pages` does (mm/reclaim.h)
void reclaim_await_leaving(struct vm_space *space); // => off the list of spaces; afterwards reclaim is not in it

// The audit's: a leaf that names `slot` has been met; all have. => returns how many slots were wrong in all tries
// since the one that was the first, and says which when there is a report
void swap_audit_found(uint32_t slot);
int swap_audit_compare(bool first, struct text *report);
#else
#define policy_swap NULL
#define fault_get_swapped(fault) VM_FAULT_OK
static inline uint32_t swap_total_count(void) { return 0; }
static inline uint32_t swap_free_count(void) { return 0; }
static inline void swap_get(uint32_t slot) { (void)slot; }
static inline void swap_put(uint32_t slot) { (void)slot; }
static inline size_t vm_spaces_reclaim(bool wanted) { (void)wanted; return 0; }
static inline void reclaim_await_leaving(struct vm_space *space) { (void)space; }
static inline void swap_audit_found(uint32_t slot) { (void)slot; }
static inline int swap_audit_compare(bool first, struct text *report) { (void)first, (void)report; return 0; }
#endif
