// SPDX-License-Identifier: MIT
//
// vm_fault(): the one dispatcher that every page fault goes through, from user mode and from kernel
// copies alike. It finds out, decides (mm/decide.h) and lets one policy act (mm/policy/).
#pragma once

#include "mm/decide.h"
#include "mm/space.h"

enum vm_fault_result {
    VM_FAULT_OK,
    VM_FAULT_NO_REGION,     // SIGSEGV, SEGV_MAPERR
    VM_FAULT_NO_PERMISSION, // SIGSEGV, SEGV_ACCERR
    VM_FAULT_NO_BACKING,    // SIGBUS: past the end of the file, or the disk failed
    VM_FAULT_NO_MEMORY,
};

// => holds no lock; may sleep. `va` any byte address
[[nodiscard]] enum vm_fault_result vm_fault(struct vm_space *space, vaddr_t va, enum vm_access access);

// --- between the dispatcher and the policies; nobody else's business ---------------------------------------

#define AROUND_PAGES 16 // mapped along with a file page that is read: a window of so many, aligned (share.c)

// One fault on its way. Lives on the stack of vm_fault(); what was got stays got across retries.
struct vm_fault {
    struct vm_space *space;
    vaddr_t va; // page aligned
    enum vm_access access;
    struct vm_region *region;  // valid while map_lock is held
    struct pt_cursor cursor;
    struct pt_leaf leaf;       // as read under the leaf lock
    struct frame *spare;       // for zero and copy; got with no lock held
    struct frame *block;       // for a 2 MiB page
    bool mega_denied;          // there was none
    struct frame *page;        // object page, with a reference
    struct frame *busy;        // the new frame of a copy, BUSY until the batch is finished
    struct frame *around[AROUND_PAGES]; // cached neighbours of `page`, or NULL, with a reference each
    uint32_t slot;             // of the swap device, with a reference; 0: none
    struct frame *swapped;     // what `slot` holds, with a reference
    struct frame *synced;      // for exec: icache_sync() was done for it since it was got, with a reference
    struct frame *table;       // spare one
    struct tlb_batch batch;
};

// What a policy tells the dispatcher. From STEP_NEED_PAGE on: what can be got with map_lock held.
enum vm_step {
    STEP_DONE,
    STEP_AGAIN,       // progress, but not there yet: read the leaf again
    STEP_WAIT,        // somebody else is at work on this page: let go of everything, start again
    STEP_NEED_STACK,  // no region there: a larger stack
    STEP_NEED_TABLE,  // fault->table (pt_lock)
    STEP_NEED_SPARE,  // fault->spare
    STEP_NEED_BLOCK,  // fault->block, or mega_denied
    // below: got with map_lock held
    STEP_NEED_PAGE,   // fault->page, current
    STEP_NEED_WRITE,  // the leaf's frame ready to be written: marked dirty
    STEP_NEED_SWAP,   // fault->swapped, for fault->slot
    STEP_NEED_SYNC,   // fault->synced, for the leaf's frame
};

// Policies, one file each in mm/policy/. => holds map_lock shared and the leaf lock; none sleeps, allocates
// or unlocks. The leaf is of the class for which the table names the policy.
enum vm_step policy_zero(struct vm_fault *fault);
enum vm_step policy_copy(struct vm_fault *fault);
enum vm_step policy_claim(struct vm_fault *fault);
enum vm_step policy_share(struct vm_fault *fault);
enum vm_step policy_upgrade(struct vm_fault *fault);
enum vm_step policy_spurious(struct vm_fault *fault);
#if KINE_OPTION_MEGAPAGE
enum vm_step policy_mega(struct vm_fault *fault); // policy_zero, in the large where that is wanted and possible
void fault_get_block(struct vm_fault *fault);     // for STEP_NEED_BLOCK. => holds no lock
#else
#define policy_mega            policy_zero
#define fault_get_block(fault) ((void)0)
#endif
enum vm_step policy_swap(struct vm_fault *fault); // an optional part, with this for STEP_NEED_SWAP:
enum vm_fault_result fault_get_swapped(struct vm_fault *fault); // => holds map_lock shared; may sleep
// Is fault->page there, and what the object has at this page now? => holds the leaf lock
bool fault_has_page(const struct vm_fault *fault);
// What STEP_NEED_WRITE asks for; what policy_share may use besides its page. => hold map_lock shared; may sleep
[[nodiscard]] int fault_before_write(struct vm_fault *fault);
void fault_get_neighbours(struct vm_fault *fault);
void fault_put_neighbours(struct vm_fault *fault);
// Grows the stack region above va so that it covers va. => holds map_lock exclusive; false: not allowed
bool policy_stack_grow(struct vm_space *space, vaddr_t va);
