// SPDX-License-Identifier: MIT
//
// The memory order of tlb.c, judged by ThreadSanitizer: every hart is a thread, and its TLB one pointer. Harts
// enter and leave two spaces, read the page through what they hold, and replace the page: store the new entry,
// flush, then write to the old page and free it, as its next owner would. If the flush does not order that
// behind every other hart's last read, the sanitizer reports a race, or the reader sees a page that is dead.

#include <pthread.h> // first: lib/uapi stands in for some of its types
#include <sched.h>
#include <stdatomic.h>

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pagetable_private.h"
#include "arch/riscv/tlb_private.h"
#include "lib/lockrank.h"
#include "lib/log.h"
#include "tests/host/check.h"

enum { HARTS = 4, SPACES = 2, TURNS = 200000, DEAD = 0xdead, ASIDS = 4 };

struct page {
    struct frame frame; // first: batches know the page by it
    unsigned space;
};

_Thread_local struct hart self;
static _Thread_local unsigned root; // 0: the kernel's; else space + 1
static _Thread_local uint64_t current; // ASID in satp
static _Thread_local struct page *held[ASIDS];

static struct frame roots[SPACES + 1];
struct frame_span frame_span = {.first_page = 1, .pages = SPACES + 1, .records = roots};
static struct pagetable spaces[SPACES];
static _Atomic(struct page *) entry[SPACES]; // of the one page that a space has
static _Atomic uint32_t doorbell[HARTS];
static _Atomic unsigned harts_at_work = HARTS;

// --- what tlb.c needs ------------------------------------------------------------------------------------

unsigned harts_online(void)
{
    return HARTS;
}

void ipi_send(unsigned hart_index, uint32_t bits)
{
    atomic_store_explicit(&doorbell[hart_index], bits, memory_order_relaxed); // orders nothing
}

static void take_interrupt(void)
{
    if (atomic_exchange_explicit(&doorbell[self.index], 0, memory_order_relaxed))
        tlb_serve();
}

void cpu_spin_turn(void)
{
    take_interrupt();
    sched_yield();
}

paddr_t kernel_root_address(void)
{
    return 0;
}

void mmu_set_root(paddr_t address, uint64_t asid)
{
    root = (unsigned)(address / PAGE_SIZE);
    current = asid;
}

void mmu_fence_page(vaddr_t page, uint64_t asid)
{
    CHECK(page == PAGE_SIZE);
    held[asid] = NULL;
}

void mmu_fence_space(uint64_t asid)
{
    held[asid] = NULL;
}

void mmu_fence_all(void)
{
    for (unsigned asid = 0; asid < ASIDS; asid++)
        held[asid] = NULL;
}

void mmu_fence_kernel_page(vaddr_t page)
{
    (void)page;
}

void mmu_fence_instructions(void)
{
}

void frame_put(struct frame *frame)
{
    struct page *page = (struct page *)frame;
    page->space = DEAD;
    free(page);
}

void leaf_table_put(struct frame *table)
{
    frame_put(table);
}

void assert_no_spinlocks(const char *what)
{
    (void)what;
}

void panic(const char *pattern, ...)
{
    printf("not ok - %s\n", pattern);
    abort();
}

// --- harts -----------------------------------------------------------------------------------------------

static struct page *new_page(unsigned space)
{
    struct page *page = calloc(1, sizeof(*page));
    page->space = space;
    return page;
}

static void replace(unsigned space)
{
    struct tlb_batch batch;
    tlb_batch_init(&batch, &spaces[space]);
    struct page *old = atomic_exchange_explicit(&entry[space], new_page(space), memory_order_acq_rel);
    tlb_batch_add(&batch, PAGE_SIZE);
    tlb_batch_hold(&batch, &old->frame);
    tlb_batch_finish(&batch);
}

static void read_page(void)
{
    if (root && root <= SPACES && !held[current])
        held[current] = atomic_load_explicit(&entry[root - 1], memory_order_acquire);
    if (root && root <= SPACES)
        CHECK(held[current]->space == root - 1);
}

// A space that lives for one activation: contexts are used up, and ASIDs come round.
static void run_passer_by(void)
{
    static _Thread_local struct pagetable passer_by;
    pt_activate(NULL);
    passer_by = (struct pagetable){.root = &roots[SPACES]};
    pt_activate(&passer_by);
}

static void *hart(void *index)
{
    self.index = (unsigned)(uintptr_t)index;
    uint32_t random = 77 * self.index + 1;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        random = random * 1103515245 + 12345;
        unsigned what = random >> 16 & 15, space = random >> 20 & 1;
        if (what < 2)
            pt_activate(what ? &spaces[space] : NULL);
        else if (what == 5 && root <= SPACES)
            run_passer_by();
        else if (what == 2)
            replace(space);
        else if (what < 5)
            take_interrupt();
        else
            read_page();
    }
    pt_activate(NULL);
    atomic_fetch_sub(&harts_at_work, 1);
    while (atomic_load(&harts_at_work) > 0) // the others may still ask
        cpu_spin_turn();
    return NULL;
}

int main(void)
{
    pthread_t threads[HARTS];
    tlb_init(__builtin_ctz(ASIDS));
    for (unsigned i = 0; i < SPACES; i++) {
        spaces[i].root = &roots[i];
        atomic_store(&entry[i], new_page(i));
    }
    for (uintptr_t i = 0; i < HARTS; i++)
        CHECK(pthread_create(&threads[i], NULL, hart, (void *)i) == 0);
    for (unsigned i = 0; i < HARTS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < SPACES; i++)
        frame_put(&atomic_load(&entry[i])->frame);
    printf("ok - no race in %d turns of %d harts\n", TURNS, HARTS);
    return 0;
}
