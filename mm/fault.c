// SPDX-License-Identifier: MIT
//
// The page fault. trap/pagefault.c comes in here with an address and an access, for user code and for kernel
// copies alike; mm/decide.c says what to do, mm/policy/ does it. This file only brings them together.
//
//    vm_fault     refill what was missing: spare frame, tables, stack      no lock; only here may memory run out
//     '- try_once     find the region, or see that a stack may grow;       map_lock, shared
//         |           get a page, storage for it, or an icache sync
//         '- look_once     read the leaf: RISC-V tells what was tried,     leaf lock (spin: nothing here
//                          never why it failed; decide; act: one policy    allocates or sleeps)
//
// Each goes round until the one above it has to do something. Flushes come after the leaf lock, releases after
// the flush (R4).
//
// Locks, outermost first: map_lock (sleep) > object lock (in try_once) > upper and leaf lock (arch/pagetable.h).
//
// The object's page may be read from disk with map_lock held shared. Other faults of the space go on; whoever
// wants to change its regions (mmap by a thread, fork) waits for the disk. Dropping the lock instead would mean
// finding the region again after every page, to spare a wait to the one process that asked for it.
//
// New instructions: a leaf gets X only from an exec fault, never as a by-product of a read or write, and only
// after icache_sync() made every hart forget older bytes of that page (unprivileged spec, Zifencei). That
// sync sends IPIs, so it is a step of its own, with the page's bytes complete and no spin lock held.

#include "mm/fault.h"
#include "arch/cpu.h"
#include "lib/assert.h"
#include "mm/frame.h"
#include "mm/object.h"
#include "mm/reclaim.h"
#include "mm/swap.h"
#include "uapi/errno.h"

static enum vm_step (*const policies[ACT_ACTIONS])(struct vm_fault *) = {
    [ACT_SPURIOUS] = policy_spurious, [ACT_ZERO] = policy_mega,   [ACT_SHARE] = policy_share,
    [ACT_COPY] = policy_copy,         [ACT_CLAIM] = policy_claim, [ACT_UPGRADE] = policy_upgrade,
    [ACT_SWAP] = policy_swap,
};

// What the last attempt lacked. => holds no lock
static enum vm_fault_result refill(struct vm_fault *fault, enum vm_step missing, vaddr_t va)
{
    bool grown;
    switch (missing) {
    case STEP_NEED_SPARE:
        fault->spare = frame_alloc_reclaim(FRAME_ANON, 0, 0);
        return fault->spare ? VM_FAULT_OK : VM_FAULT_NO_MEMORY;
    case STEP_NEED_BLOCK:
        fault_get_block(fault);
        return VM_FAULT_OK;
    case STEP_NEED_TABLE:
        return pt_spare_fill(&fault->table) == 0 ? VM_FAULT_OK : VM_FAULT_NO_MEMORY;
    case STEP_NEED_STACK:
        rwlock_write(&fault->space->map_lock);
        grown = vm_region_find(fault->space, va) || policy_stack_grow(fault->space, va);
        rwlock_write_unlock(&fault->space->map_lock);
        return grown ? VM_FAULT_OK : VM_FAULT_NO_REGION;
    case STEP_WAIT: // for another hart that is about to finish with this page and waits for nothing of ours
        irq_push_off();
        cpu_spin_turn();
        irq_pop_off();
        return VM_FAULT_OK;
    default:
        return VM_FAULT_OK;
    }
}

// => holds map_lock shared; the access is allowed
static enum vm_step look_once(struct vm_fault *fault)
{
    struct vm_region *region = fault->region;
    if (pt_lock(&fault->space->pt, fault->va, &fault->table, &fault->cursor) < 0)
        return STEP_NEED_TABLE;
    fault->leaf = pt_read(&fault->cursor);
    bool exclusive = fault->leaf.class == PT_READONLY && pt_exclusive(&fault->cursor);
    enum vm_action action = vm_decide(region->kind, region->prot, fault->leaf.class,
                                      fault->access, exclusive);
    enum vm_step step = policies[action](fault);
    if (step == STEP_NEED_SYNC)
        frame_get(fault->leaf.frame);
    pt_unlock(&fault->cursor);

    tlb_batch_finish(&fault->batch);
    if (fault->busy) { // no hart can see the replaced page any more: from now on the copy may be claimed
        atomic_store_explicit(&fault->busy->flags, 0, memory_order_release);
        fault->busy = NULL;
    }
    return step;
}

// The page was got before the leaf lock. Since then it may have been truncated; and where map_lock was let go
// in between, it may not even be the region's any more.
bool fault_has_page(const struct vm_fault *fault)
{
    uint64_t index = vm_region_object_index(fault->region, fault->va);
    return fault->page && vm_object_indexes(fault->region->object, index, fault->page);
}

static enum vm_fault_result result_of(int error)
{
    return error == -ENOMEM ? VM_FAULT_NO_MEMORY : error ? VM_FAULT_NO_BACKING : VM_FAULT_OK;
}

// The object's page, current. => holds map_lock shared; may sleep
static enum vm_fault_result get_page(struct vm_fault *fault)
{
    frame_let_go(&fault->page);
    uint64_t index = vm_region_object_index(fault->region, fault->va);
    int error = vm_object_get(fault->region->object, index, true, &fault->page);
    if (!error && fault->access != VM_WRITE)
        fault_get_neighbours(fault);
    return result_of(error);
}

// No hart remembers older instructions of the leaf's frame. It cannot become another page meanwhile:
// look_once took a reference.
static void sync_code(struct vm_fault *fault)
{
    frame_let_go(&fault->synced);
    fault->synced = fault->leaf.frame;
    icache_sync();
}

// => holds map_lock shared; *step is what is still missing, or STEP_DONE
static enum vm_fault_result try_once(struct vm_fault *fault, enum vm_step *step)
{
    struct vm_region *region = fault->region = vm_region_find(fault->space, fault->va);
    *step = region ? STEP_AGAIN : STEP_NEED_STACK;
    if (region && vm_decide(region->kind, region->prot, PT_ABSENT, fault->access, false) == ACT_DENY)
        return VM_FAULT_NO_PERMISSION;
    enum vm_fault_result result = VM_FAULT_OK;
    while (result == VM_FAULT_OK && (*step == STEP_AGAIN || *step >= STEP_NEED_PAGE)) {
        *step = look_once(fault);
        if (*step == STEP_NEED_PAGE)
            result = get_page(fault);
        else if (*step == STEP_NEED_WRITE)
            result = result_of(fault_before_write(fault));
        else if (*step == STEP_NEED_SWAP)
            result = fault_get_swapped(fault);
        else if (*step == STEP_NEED_SYNC)
            sync_code(fault);
    }
    return result;
}

enum vm_fault_result vm_fault(struct vm_space *space, vaddr_t va, enum vm_access access)
{
    struct vm_fault fault = {.space = space, .va = page_round_down(va), .access = access};
    enum vm_step missing = STEP_DONE;
    enum vm_fault_result result;
    if (access == VM_WRITE) // mostly needs a frame: a guess that spares a second look. It need not come true
        fault.spare = frame_alloc(FRAME_ANON, 0, 0);
    reclaim_if_low();
    tlb_batch_init(&fault.batch, &space->pt);
    do {
        result = refill(&fault, missing, va);
        if (result == VM_FAULT_OK) {
            rwlock_read(&space->map_lock);
            result = try_once(&fault, &missing);
            rwlock_read_unlock(&space->map_lock);
        }
    } while (result == VM_FAULT_OK ? missing != STEP_DONE
                                   : result == VM_FAULT_NO_MEMORY && !alloc_failed() && rounds_wait(&reclaim_files));

    frame_let_go(&fault.table);
    fault_put_neighbours(&fault);
    swap_put(fault.slot);
    frame_let_go(&fault.spare);
    frame_let_go(&fault.block);
    frame_let_go(&fault.page);
    frame_let_go(&fault.synced);
    frame_let_go(&fault.swapped);
    return result;
}
