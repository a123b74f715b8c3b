// SPDX-License-Identifier: MIT
//
// Translations that are no longer true, gathered, flushed together, and only then forgotten.
//
// A batch belongs to one function's stack. Changes to page tables add pages and hand over the references
// that the old leaves held; tlb_batch_finish() sends one IPI to every hart in the table's mask, waits for
// all acknowledgements in memory, and then puts the references. Rule R4: flush before put.
#pragma once

#include "arch/types.h"

struct frame;
struct pagetable;

#define TLB_BATCH_FRAMES 32

struct tlb_batch {
    struct pagetable *pt;
    vaddr_t start, end; // pages to flush; start == end: none
    bool tables;        // a non-leaf entry changed: flush everything of this table
    unsigned held_count;
    struct frame *held[TLB_BATCH_FRAMES]; // references to put after the flush
};

void tlb_batch_init(struct tlb_batch *batch, struct pagetable *pt);
void tlb_batch_add(struct tlb_batch *batch, vaddr_t page);
// Takes over a reference. => the batch is not full: callers under a lock check tlb_batch_full() first
void tlb_batch_hold(struct tlb_batch *batch, struct frame *frame);
bool tlb_batch_full(const struct tlb_batch *batch);
// Flush on all harts of the mask, put all held references; the batch is empty again.
// => holds no spin lock, interrupts on
void tlb_batch_finish(struct tlb_batch *batch);

// Kernel-half translations [start, end) on all harts (kernel stacks). => as tlb_batch_finish
void tlb_flush_kernel(vaddr_t start, vaddr_t end);

// fence.i on all harts: new instructions were written and will be mapped executable (unprivileged spec, Zifencei).
void icache_sync(void);
