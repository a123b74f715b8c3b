// SPDX-License-Identifier: MIT
//
// Who may remember what: which harts may hold translations of a page table, and how they are made to forget.
// Called by mm/ and the page tables with batches, by proc/ on task switches, by interrupt code (tlb_serve).
//
// A hart caches leaves and links in ways we cannot see (its TLB and walk caches), also for addresses that no
// program has used, and forgets only when it executes sfence.vma itself. So a change goes like this:
//
//     initiator                                          hart in pt->harts
//     1 store the entry                                  runs on, old translation in use
//     2 fence rw,rw
//     3 read the mask pt->harts
//     4 bit in each one's inbox, IPI to all at once  --> 5 take the inbox, read the initiator's request
//                                                        6 sfence.vma
//     8 all answered: put the old frames            <--  7 clear its bit in request.waiting (release)
//
// One request per initiating hart, kept in its record below and reused when all have answered. Who waits does
// so in cpu_spin_turn(), which serves what others ask meanwhile: two harts that flush each other both get on.
// This is why tlb_serve() takes no lock and starts no request.
//
// Why no hart is missed. Activating pt is: A set the mask bit; B fence rw,rw; C write satp, sfence.vma. If
// step 3 does not see the bit then 3 is before A in memory order, hence 1 before C: the fence there orders
// "stores already visible" before the hart's later walks (privileged spec 4.2.1), which therefore find the
// new entry; what walks brought in between writing satp and the fence is gone with it. Leaving pt is: write
// satp, sfence.vma, and only then clear the bit (release: our last accesses are done). If step 3 sees it
// cleared, nothing of pt is left there. All spaces have ASID 0 and each switch of satp forgets all of it; so
// a bit of the mask is set exactly while the hart has pt in satp.

#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pagetable_private.h"
#include "arch/riscv/tlb_private.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "lib/assert.h"
#include "lib/lockrank.h"

#define FLUSH_PAGES_MOST 8 // beyond, one full fence is cheaper than many of one page

enum tlb_work { FLUSH_USER, FLUSH_KERNEL, LEAVE_SPACE, FENCE_INSTRUCTIONS };

struct tlb_request {
    enum tlb_work work;
    struct pagetable *pt; // LEAVE_SPACE
    vaddr_t start, end;   // FLUSH_USER, FLUSH_KERNEL
};

// Letters: A atomic; H its own hart only, interrupts off; R written by its own hart while nobody waits for it,
// read by harts that still owe an answer.
struct tlb_hart {
    struct pagetable *active;   // H  what satp names; NULL: the kernel root
    struct tlb_request request; // R
    _Atomic uint64_t waiting;   // A  harts that owe an answer to `request`
    _Atomic uint64_t inbox;     // A  harts whose requests wait for this hart
} __attribute__((aligned(64))); // a cache line each
static struct tlb_hart tlb_harts[MAX_HARTS];

static uint64_t bit(unsigned hart)
{
    return (uint64_t)1 << hart;
}

// --- requests --------------------------------------------------------------------------------------------

static void flush(vaddr_t start, vaddr_t end, void (*fence_page)(vaddr_t page), void (*fence_everything)(void))
{
    if (end - start > FLUSH_PAGES_MOST * PAGE_SIZE)
        fence_everything();
    else
        for (vaddr_t page = start; page < end; page += PAGE_SIZE)
            fence_page(page);
}

static void perform(const struct tlb_request *request)
{
    switch (request->work) {
    case FLUSH_USER:
        flush(request->start, request->end, mmu_fence_page, mmu_fence_space);
        break;
    case FLUSH_KERNEL:
        flush(request->start, request->end, mmu_fence_kernel_page, mmu_fence_all);
        break;
    case LEAVE_SPACE:
        if (tlb_harts[this_hart()->index].active == request->pt)
            pt_activate(NULL);
        break;
    case FENCE_INSTRUCTIONS:
        mmu_fence_instructions();
        break;
    }
}

void tlb_serve(void)
{
    unsigned self = this_hart()->index;
    uint64_t asking = atomic_exchange_explicit(&tlb_harts[self].inbox, 0, memory_order_acquire);
    for (; asking; asking &= asking - 1) {
        struct tlb_hart *initiator = &tlb_harts[__builtin_ctzll(asking)];
        perform(&initiator->request);
        atomic_fetch_and_explicit(&initiator->waiting, ~bit(self), memory_order_release);
    }
}

// Have every hart in `mask` do it, this one by itself. => on return it is done everywhere
static void on_harts(uint64_t mask, struct tlb_request request)
{
    assert_no_spinlocks("TLB request");
    irq_push_off();
    unsigned self = this_hart()->index;
    struct tlb_hart *mine = &tlb_harts[self];
    uint64_t others = mask & ~bit(self);
    mine->request = request;
    atomic_store_explicit(&mine->waiting, others, memory_order_relaxed);
    for (uint64_t rest = others; rest; rest &= rest - 1) {
        unsigned target = (unsigned)__builtin_ctzll(rest);
        atomic_fetch_or_explicit(&tlb_harts[target].inbox, bit(self), memory_order_release);
        ipi_send(target, IPI_TLB);
    }
    if (mask & bit(self))
        perform(&request);
    while (atomic_load_explicit(&mine->waiting, memory_order_acquire))
        cpu_spin_turn();
    irq_pop_off();
}

// Steps 2 and 3.
static uint64_t harts_that_may_hold(struct pagetable *pt)
{
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&pt->harts, memory_order_relaxed);
}

static uint64_t all_harts(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    return bit(harts_online()) - 1;
}

// --- which table a hart uses -----------------------------------------------------------------------------

void pt_activate(struct pagetable *pt)
{
    unsigned self = this_hart()->index;
    struct pagetable *old = tlb_harts[self].active;
    if (pt == old)
        return;
    if (pt)
        atomic_fetch_or_explicit(&pt->harts, bit(self), memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    tlb_harts[self].active = pt;
    mmu_set_root(pt ? frame_address(pt->root) : kernel_root_address());
    mmu_fence_space();
    if (old)
        atomic_fetch_and_explicit(&old->harts, ~bit(self), memory_order_release);
}

void tlb_evict(struct pagetable *pt)
{
    on_harts(harts_that_may_hold(pt), (struct tlb_request){.work = LEAVE_SPACE, .pt = pt});
    ASSERT(!atomic_load(&pt->harts));
}

// --- batches ---------------------------------------------------------------------------------------------

void tlb_batch_init(struct tlb_batch *batch, struct pagetable *pt)
{
    batch->pt = pt;
    batch->start = batch->end = 0;
    batch->tables = false;
    batch->held_count = 0;
}

// Two distant pages make a long range; it ends in a full fence, and is forgotten by the next batch.
void tlb_batch_add(struct tlb_batch *batch, vaddr_t page)
{
    if (batch->start == batch->end)
        batch->start = page;
    if (page < batch->start)
        batch->start = page;
    if (page + PAGE_SIZE > batch->end)
        batch->end = page + PAGE_SIZE;
}

void tlb_batch_hold(struct tlb_batch *batch, struct frame *frame)
{
    ASSERT(!tlb_batch_full(batch));
    batch->held[batch->held_count++] = frame;
}

bool tlb_batch_full(const struct tlb_batch *batch)
{
    return batch->held_count == TLB_BATCH_FRAMES;
}

// A fence of one page reaches its leaf only (4.2.1): when a link has changed, everything must go.
void tlb_batch_finish(struct tlb_batch *batch)
{
    struct tlb_request request = {.work = FLUSH_USER, .start = batch->start, .end = batch->end};
    if (batch->tables)
        request.start = 0, request.end = USER_END;
    if (request.start != request.end)
        on_harts(harts_that_may_hold(batch->pt), request);
    for (unsigned i = 0; i < batch->held_count; i++) {
        struct frame *frame = batch->held[i];
        if (frame->kind == FRAME_TABLE)
            leaf_table_put(frame);
        else
            frame_put(frame);
    }
    tlb_batch_init(batch, batch->pt);
}

// --- kernel half and instruction caches ------------------------------------------------------------------

void tlb_flush_kernel(vaddr_t start, vaddr_t end)
{
    on_harts(all_harts(), (struct tlb_request){.work = FLUSH_KERNEL, .start = start, .end = end});
}

// Each hart has to execute fence.i itself, after our stores are visible to it (unprivileged spec, "Zifencei").
void icache_sync(void)
{
    on_harts(all_harts(), (struct tlb_request){.work = FENCE_INSTRUCTIONS});
}
