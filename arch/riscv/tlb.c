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
// Two masks say whom to ask. `running`: the harts that have pt in satp. `harts`: those that may remember
// translations of it. A hart that leaves pt stays in the second, for what it remembers is tagged with an ASID and
// serves again when pt comes back. The first flush that reaches it while it runs something else forgets all
// of pt and takes the hart out of the mask: one IPI at most for a hart that pt has left for good.
//
// Why no hart is missed. Activating pt is: A set the mask bit; B fence rw,rw; if the bit was new, sfence.vma;
// C write satp. If step 3 does not see the bit then 3 is before A in memory order, hence 1 before the fence,
// which orders stores already visible before the hart's later walks (privileged spec 4.2.1): they find the
// new entry. A bit is cleared after the fence (release), by its own hart, which does not have pt in satp: if step 3
// sees it cleared (acquire), nothing of pt is left there.
//
// ASIDs. A context is a number that grows for ever: its low bits are the ASID, the rest is its generation. A
// space takes the next one when it is activated and its own is not of the current generation, which ends when
// the ASIDs are used up. A hart forgets everything before it uses the first context of a newer generation than
// its last (tlb_hart.generation). So on one hart an ASID means one space between two such moments, and nothing
// has to be sent anywhere when a generation ends, or when a space dies: what is remembered under a dead ASID
// stays out of reach until it is forgotten. Harts without ASIDs have one context to a generation, and share
// ASID 0 with the kernel's root: they forget everything at each switch, to that root as well.
//
// A hart may go on with a space under a context of an older generation while other harts have given the space
// a new one. It flushes what its satp names (tlb_hart.asid). If it does not run the space and its generation
// is not that of the space's context, it has no translation that could ever be used: before it uses one of that
// ASID again it will have forgotten everything.

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
    struct pagetable *pt; // FLUSH_USER, LEAVE_SPACE
    vaddr_t start, end;   // FLUSH_USER, FLUSH_KERNEL: page aligned
};

// Letters: A atomic; H its own hart only, interrupts off; R written by its own hart while nobody waits for it,
// read by harts that still owe an answer.
struct tlb_hart {
    struct pagetable *active;   // H  what satp names; NULL: the kernel root
    uint64_t asid;              // H  in satp
    uint64_t generation;        // H  contexts of this one have been used since everything was forgotten
    struct tlb_request request; // R
    _Atomic uint64_t waiting;   // A  harts that owe an answer to `request`
    _Atomic uint64_t inbox;     // A  harts whose requests wait for this hart
} __attribute__((aligned(64))); // a cache line each
static struct tlb_hart tlb_harts[MAX_HARTS];

static unsigned asid_bits;            // constant after boot
static _Atomic uint64_t next_context; // A

static uint64_t bit(unsigned hart)
{
    return (uint64_t)1 << hart;
}

static struct tlb_hart *this_tlb(void)
{
    return &tlb_harts[this_hart()->index];
}

// --- contexts --------------------------------------------------------------------------------------------

// Generation 0 is what a space that was never activated has: numbers begin behind generation 1.
void tlb_init(unsigned bits)
{
    asid_bits = bits;
    atomic_store_explicit(&next_context, (uint64_t)2 << bits, memory_order_relaxed);
}

static uint64_t generation_of(uint64_t context)
{
    return context >> asid_bits;
}

static uint64_t asid_of(uint64_t context)
{
    return context & (bit(asid_bits) - 1);
}

// ASID 0 is the kernel root's, where there are others.
static uint64_t take_context(void)
{
    uint64_t context;
    do
        context = atomic_fetch_add_explicit(&next_context, 1, memory_order_relaxed);
    while (asid_bits && !asid_of(context));
    return context;
}

// The space's context, a new one if its own is of an earlier generation. Two harts may want one at once: the
// slower one takes the faster one's, unless that is too old by now.
static uint64_t current_context(struct pagetable *pt)
{
    uint64_t context = atomic_load_explicit(&pt->context, memory_order_relaxed);
    while (generation_of(context) != generation_of(atomic_load_explicit(&next_context, memory_order_relaxed) - 1)) {
        uint64_t fresh = take_context();
        if (atomic_compare_exchange_strong_explicit(&pt->context, &context, fresh, memory_order_relaxed,
                                                    memory_order_relaxed))
            return fresh;
    }
    return context;
}

// --- requests --------------------------------------------------------------------------------------------

static void flush_kernel(const struct tlb_request *request)
{
    if (request->end - request->start > FLUSH_PAGES_MOST * PAGE_SIZE)
        mmu_fence_all();
    else
        for (vaddr_t page = request->start; page < request->end; page += PAGE_SIZE)
            mmu_fence_kernel_page(page);
}

static void flush_user(const struct tlb_request *request)
{
    struct tlb_hart *mine = this_tlb();
    struct pagetable *pt = request->pt;
    if (mine->active != pt) {
        uint64_t context = atomic_load_explicit(&pt->context, memory_order_relaxed);
        if (generation_of(context) == mine->generation)
            mmu_fence_space(asid_of(context));
        atomic_fetch_and_explicit(&pt->harts, ~bit(this_hart()->index), memory_order_release);
    } else if (request->end - request->start > FLUSH_PAGES_MOST * PAGE_SIZE) {
        mmu_fence_space(mine->asid);
    } else {
        for (vaddr_t page = request->start; page < request->end; page += PAGE_SIZE)
            mmu_fence_page(page, mine->asid);
    }
}

static void perform(const struct tlb_request *request)
{
    switch (request->work) {
    case FLUSH_USER:
        flush_user(request);
        break;
    case FLUSH_KERNEL:
        flush_kernel(request);
        break;
    case LEAVE_SPACE:
        if (this_tlb()->active == request->pt)
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

// Steps 2 to 4, and the wait for step 8. => on return every hart of the mask, or every hart there is when that is
// NULL, has done the work
static void ask_harts(struct tlb_request request, const _Atomic uint64_t *who)
{
    assert_no_spinlocks("TLB request");
    irq_push_off();
    unsigned self = this_hart()->index;
    struct tlb_hart *mine = this_tlb();
    atomic_thread_fence(memory_order_seq_cst);
    uint64_t mask = who ? atomic_load_explicit(who, memory_order_acquire) : bit(harts_online()) - 1;
    uint64_t others = mask & ~bit(self);
    mine->request = request;
    atomic_store_explicit(&mine->waiting, others, memory_order_relaxed);
    for (; others; others &= others - 1) {
        unsigned target = (unsigned)__builtin_ctzll(others);
        atomic_fetch_or_explicit(&tlb_harts[target].inbox, bit(self), memory_order_release);
        ipi_send(target, IPI_TLB);
    }
    if (mask & bit(self))
        perform(&request);
    while (atomic_load_explicit(&mine->waiting, memory_order_acquire))
        cpu_spin_turn();
    irq_pop_off();
}

// --- which table a hart uses -----------------------------------------------------------------------------

// Everything that may take turns (current_context) comes before the mask bit: a request served in between would
// take a hart that does not run the space yet out of the mask again.
void pt_activate(struct pagetable *pt)
{
    uint64_t self = bit(this_hart()->index);
    struct tlb_hart *mine = this_tlb();
    struct pagetable *old = mine->active;
    if (pt == old)
        return;
    uint64_t context = pt ? current_context(pt) : 0;
    bool fresh = pt && !(atomic_fetch_or_explicit(&pt->harts, self, memory_order_relaxed) & self);
    if (pt)
        atomic_fetch_or_explicit(&pt->running, self, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    mine->active = pt;
    mine->asid = asid_of(context);
    if (pt ? generation_of(context) != mine->generation : asid_bits == 0) {
        mine->generation = generation_of(context);
        mmu_set_root(kernel_root_address(), 0); // satp may hold that very ASID, for another space
        mmu_fence_all();
    } else if (fresh) {
        mmu_fence_space(mine->asid);
    }
    mmu_set_root(pt ? frame_address(pt->root) : kernel_root_address(), mine->asid);
    if (old)
        atomic_fetch_and_explicit(&old->running, ~self, memory_order_release);
}

// What other harts remember of pt does no harm: its ASID is not used again before they have forgotten it.
void tlb_evict(struct pagetable *pt)
{
    ask_harts((struct tlb_request){.work = LEAVE_SPACE, .pt = pt}, &pt->running);
    ASSERT(!atomic_load(&pt->running));
}

void tlb_fence_page_here(const struct pagetable *pt, vaddr_t page)
{
    if (this_tlb()->active == pt)
        mmu_fence_page(page, this_tlb()->asid);
}

void tlb_fence_here(const struct pagetable *pt)
{
    if (this_tlb()->active == pt)
        mmu_fence_space(this_tlb()->asid);
}

// --- batches ---------------------------------------------------------------------------------------------

void tlb_batch_init(struct tlb_batch *batch, struct pagetable *pt)
{
    batch->pt = pt;
    batch->start = batch->end = 0;
    batch->tables = false;
    batch->held_count = 0;
}

// One range around all pages: two that are far apart make a long one, and so a full fence.
void tlb_batch_add(struct tlb_batch *batch, vaddr_t page)
{
    if (batch->start == batch->end || page < batch->start)
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
    struct tlb_request request = {FLUSH_USER, batch->pt, batch->start, batch->end};
    if (batch->tables)
        request.start = 0, request.end = USER_END;
    if (request.start != request.end)
        ask_harts(request, &batch->pt->harts);
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
    ask_harts((struct tlb_request){.work = FLUSH_KERNEL, .start = start, .end = end}, NULL);
}

// Each hart has to execute fence.i itself, after our stores are visible to it (unprivileged spec, "Zifencei").
void icache_sync(void)
{
    ask_harts((struct tlb_request){.work = FENCE_INSTRUCTIONS}, NULL);
}
