// SPDX-License-Identifier: MIT
//
// See fake_machine.h.

#include "tests/host/fake_machine.h"
#include "arch/machine.h"
#include "arch/mmu.h"
#include "arch/riscv/kernel_map.h"
#include "arch/riscv/pte.h"
#include "arch/riscv/tlb_private.h"
#include "tests/host/check.h"
#include "tests/host/fake_held.h"
#include <stdatomic.h>
#include <string.h>

struct machine machine;
struct hart harts[MAX_HARTS];
static unsigned hart_count;

bool fake_sets_a_d = true;
bool fake_stubborn;
struct fake_counts fake_counts[MAX_HARTS];
bool fake_tolerate;
unsigned fake_violations;
unsigned fake_fail_countdown;
unsigned fake_store_countdown;
void (*fake_spin_hook)(void);
void (*fake_root_hook)(paddr_t root);
void (*fake_store_hook)(paddr_t address);

static uint8_t ram[FAKE_RAM_FRAMES * PAGE_SIZE] __attribute__((aligned(4096)));

// --- RAM -------------------------------------------------------------------------------------------------

void *phys_to_virt(paddr_t address)
{
    CHECK(address - FAKE_RAM_START < sizeof(ram));
    return ram + (address - FAKE_RAM_START);
}

paddr_t virt_to_phys(const void *address)
{
    CHECK((const uint8_t *)address >= ram && (const uint8_t *)address < ram + sizeof(ram));
    return FAKE_RAM_START + (paddr_t)((const uint8_t *)address - ram);
}

// The first page of RAM is the kernel's root; its upper half links to itself, which is as good as anything.
paddr_t kernel_root_address(void)
{
    return FAKE_RAM_START;
}

void kernel_root_copy(uint64_t *root)
{
    for (unsigned i = TABLE_ENTRIES / 2; i < TABLE_ENTRIES; i++)
        root[i] = pte_link(FAKE_RAM_START);
}

unsigned harts_online(void)
{
    return hart_count;
}

static uint64_t random_state = 88172645463325252ULL;

void fake_random_seed(uint64_t seed)
{
    random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
}

unsigned fake_random(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 20) % below;
}

// --- what a hart holds -------------------------------------------------------------------------------------

static struct hart_mmu mmus[MAX_HARTS];

paddr_t fake_root(unsigned hart)
{
    return mmus[hart].root;
}

uint64_t fake_asid(unsigned hart)
{
    return mmus[hart].asid;
}

const struct fake_translation *fake_held(unsigned hart, unsigned index)
{
    return index < mmus[hart].count ? &mmus[hart].held[index] : NULL;
}

// --- the walker ------------------------------------------------------------------------------------------

// Reads the user entries of a table of the given level that covers addresses from `va` on.
NO_ASAN static void absorb_table(struct hart_mmu *mmu, paddr_t table, unsigned level, vaddr_t va)
{
    if (table - FAKE_RAM_START >= sizeof(ram)) {
        CHECK(fake_tolerate); // garbage: the table has been released
        return;
    }
    _Atomic pte_t *entries = (_Atomic pte_t *)(ram + (table - FAKE_RAM_START));
    unsigned most = level == 2 ? TABLE_ENTRIES / 2 : TABLE_ENTRIES;
    if (has_seen(mmu, table, level, va, (uint64_t *)entries))
        return;
    for (unsigned i = 0; i < most; i++) {
        pte_t entry = __c11_atomic_load(&entries[i], memory_order_relaxed);
        if (!(entry & PTE_VALID) || (level == 0 && !(entry & PTE_RIGHTS)))
            continue;
        CHECK(fake_tolerate || !(entry >> 54));
        bool mega = level == 1 && entry & PTE_RIGHTS;
        if (mega)
            CHECK(fake_tolerate || (pte_address(entry) % TABLE_SPAN == 0 && entry & PTE_USER && entry & PTE_DIRTY));
        else if (level > 0)
            CHECK(fake_tolerate || !(entry & (PTE_RIGHTS | PTE_USER | PTE_ACCESSED | PTE_DIRTY)));
        else
            CHECK(fake_tolerate || ((entry & PTE_USER) && (entry & PTE_RIGHTS) != PTE_WRITE));
        if (level == 0 && !(entry & PTE_ACCESSED)) {
            if (!fake_sets_a_d)
                continue;
            entry = __c11_atomic_fetch_or(&entries[i], PTE_ACCESSED, memory_order_relaxed) | PTE_ACCESSED;
        }
        hold(mmu, (struct fake_translation){.va = va + ((vaddr_t)i << (PAGE_SHIFT + 9 * level)),
                                            .entry = entry & ~PTE_PRIVATE,
                                            .asid = mmu->asid,
                                            .level = mega ? 0 : level,
                                            .mega = mega});
    }
    now_seen(mmu, table, level, va, (uint64_t *)entries);
}

static bool absorbing; // the walker is not to interrupt itself

void fake_absorb(void)
{
    if (absorbing)
        return;
    absorbing = true;
    for (struct hart_mmu *mmu = mmus; mmu < mmus + hart_count; mmu++) {
        absorb_table(mmu, mmu->root, 2, 0);
        for (unsigned i = 0; i < mmu->link_count; i++) { // they grow more while we go
            const struct fake_translation *link = &mmu->held[mmu->links[i]];
            if (link->asid == mmu->asid)
                absorb_table(mmu, pte_address(link->entry), link->level - 1, link->va);
        }
    }
    absorbing = false;
}

// A store through a translation read with D=0: the hart reads the leaf again and sets D if it is still as it was.
static bool set_dirty(struct hart_mmu *mmu, const struct fake_translation *leaf)
{
    for (unsigned i = 0; fake_sets_a_d && i < mmu->link_count; i++) {
        const struct fake_translation *link = &mmu->held[mmu->links[i]];
        if (link->level != 1 || link->asid != leaf->asid || leaf->va - link->va >= TABLE_SPAN)
            continue;
        _Atomic pte_t *entry = (_Atomic pte_t *)phys_to_virt(pte_address(link->entry)) +
                               (leaf->va - link->va) / PAGE_SIZE;
        pte_t now = __c11_atomic_load(entry, memory_order_relaxed);
        if (!((now ^ leaf->entry) & ~(PTE_PRIVATE | PTE_ACCESSED | PTE_DIRTY))) {
            __c11_atomic_fetch_or(entry, PTE_ACCESSED | PTE_DIRTY, memory_order_relaxed);
            hold(mmu, (struct fake_translation){.va = leaf->va, .entry = leaf->entry | PTE_DIRTY, .asid = leaf->asid});
            return true;
        }
    }
    return false;
}

// Does the translation cover the page at `address`, as va counts or as physical memory does, from its own on?
static bool covers(const struct fake_translation *leaf, uint64_t own, uint64_t address)
{
    return address - own < (leaf->mega ? TABLE_SPAN : PAGE_SIZE);
}

static bool may_store(struct hart_mmu *mmu, const struct fake_translation *leaf, vaddr_t offset)
{
    if (leaf->asid != mmu->asid || !(leaf->entry & PTE_WRITE) || (!(leaf->entry & PTE_DIRTY) && !set_dirty(mmu, leaf)))
        return false;
    if (fake_store_hook)
        fake_store_hook(pte_address(leaf->entry) + offset);
    return true;
}

static void store_everywhere(void)
{
    for (struct hart_mmu *mmu = mmus; mmu < mmus + hart_count; mmu++)
        for (unsigned i = 0; i < mmu->count; i++)
            if (mmu->held[i].level == 0)
                may_store(mmu, &mmu->held[i], 0);
}

void fake_step(void)
{
    struct hart_mmu *mmu = &mmus[fake_random(hart_count)];
    if (absorbing)
        return;
    if (fake_random(64) == 0)
        fake_absorb();
    if (fake_store_countdown && --fake_store_countdown == 0)
        store_everywhere();
    const struct fake_translation *leaf = mmu->count ? &mmu->held[fake_random(mmu->count)] : NULL;
    if (leaf && leaf->level == 0)
        may_store(mmu, leaf, leaf->mega ? fake_random(TABLE_ENTRIES) * PAGE_SIZE : 0);
}

// Adds one, the oldest first, if the hart can use it for the page at `va`.
static void add_candidate(const struct hart_mmu *mmu, const struct fake_translation **candidates, unsigned *count,
                          const struct fake_translation *held, vaddr_t va)
{
    if (held->level > 0 || held->asid != mmu->asid || !covers(held, held->va, va))
        return;
    CHECK(*count < 16);
    unsigned i = (*count)++;
    for (; i > 0 && candidates[i - 1] > held; i--)
        candidates[i] = candidates[i - 1];
    candidates[i] = held;
}

bool fake_access(unsigned hart, vaddr_t va, bool store, uint64_t *value)
{
    struct hart_mmu *mmu = &mmus[hart];
    const struct fake_translation *candidates[16];
    unsigned count = 0;
    fake_absorb();
    for (unsigned i = *va_bucket(mmu, va); i; i = mmu->next_at[i - 1])
        if (!mmu->held[i - 1].mega)
            add_candidate(mmu, candidates, &count, &mmu->held[i - 1], va);
    for (unsigned i = 0; i < mmu->mega_count; i++)
        add_candidate(mmu, candidates, &count, &mmu->held[mmu->megas[i]], va);
    const struct fake_translation *leaf = count ? candidates[fake_stubborn ? 0 : fake_random(count)] : NULL;
    vaddr_t offset = leaf ? page_round_down(va) - leaf->va : 0;
    if (!leaf || !(store ? may_store(mmu, leaf, offset) : leaf->entry & PTE_READ))
        return false;
    uint64_t *word = (uint64_t *)phys_to_virt(pte_address(leaf->entry) + offset) + va % PAGE_SIZE / sizeof(*word);
    if (store)
        *word = *value;
    else
        *value = *word;
    return true;
}

static bool kill(struct hart_mmu *mmu, struct fake_translation *held)
{
    held->dead = true;
    if (held->asid == mmu->asid)
        forget_seen(mmu, EVERYTHING, 0, 0);
    return held->asid == mmu->asid;
}

bool fake_reaches(unsigned hart, paddr_t address)
{
    struct hart_mmu *mmu = &mmus[hart];
    bool reached = mmu->root == address;
    for (unsigned i = mmu->naming[(address - FAKE_RAM_START) / PAGE_SIZE]; i; i = mmu->next_naming[i - 1])
        reached |= kill(mmu, &mmu->held[i - 1]);
    for (unsigned i = 0; i < mmu->mega_count; i++) {
        struct fake_translation *mega = &mmu->held[mmu->megas[i]];
        if (covers(mega, pte_address(mega->entry), address))
            reached |= kill(mmu, mega);
    }
    return reached;
}

static bool is_of(const struct fake_translation *held, const struct hart_mmu *mmu)
{
    return held->level == 0 && held->asid == mmu->asid;
}

static void check_writable(const struct fake_translation *written, struct hart_mmu *reader)
{
    for (unsigned i = *va_bucket(reader, written->va); i; i = reader->next_at[i - 1]) {
        const struct fake_translation *read = &reader->held[i - 1];
        CHECK(read->va != written->va || !is_of(read, reader) ||
              pte_address(read->entry) == pte_address(written->entry));
    }
}

void fake_check_one_memory(void)
{
    fake_absorb();
    for (struct hart_mmu *writer = mmus; writer < mmus + hart_count; writer++)
        for (unsigned i = 0; i < writer->count; i++)
            for (struct hart_mmu *reader = mmus; reader < mmus + hart_count; reader++)
                if (is_of(&writer->held[i], writer) && writer->held[i].entry & PTE_WRITE &&
                    reader->root == writer->root)
                    check_writable(&writer->held[i], reader);
}

// --- instructions, interrupts ----------------------------------------------------------------------------

void mmu_set_root(paddr_t root, uint64_t asid)
{
    struct hart_mmu *mmu = &mmus[fake_hart];
    if (fake_root_hook)
        fake_root_hook(root);
    fake_absorb();
    mmu->root = root;
    mmu->asid = asid;
    for (unsigned i = 0; i < mmu->count; i++) // is an ASID used again before this hart has forgotten its last space?
        CHECK(fake_tolerate || mmu->held[i].asid != asid || !mmu->held[i].dead);
    fake_absorb();
}

void mmu_fence_page(vaddr_t page, uint64_t asid)
{
    fake_absorb();
    fake_counts[fake_hart].page_fences++;
    forget(&mmus[fake_hart], LEAF, asid, page);
}

void mmu_fence_space(uint64_t asid)
{
    fake_absorb();
    fake_counts[fake_hart].space_fences++;
    forget(&mmus[fake_hart], OF_ASID, asid, 0);
}

void mmu_fence_kernel_page(vaddr_t page)
{
    CHECK(page >= USER_END);
    fake_counts[fake_hart].kernel_page_fences++;
}

void mmu_fence_all(void)
{
    fake_counts[fake_hart].full_fences++;
    forget(&mmus[fake_hart], EVERYTHING, 0, 0);
}

void mmu_fence_instructions(void)
{
    fake_counts[fake_hart].instruction_fences++;
}

void ipi_send(unsigned hart, uint32_t bits)
{
    CHECK(bits == IPI_TLB && hart < hart_count && hart != fake_hart);
    fake_counts[hart].ipis++;
    atomic_fetch_or(&harts[hart].ipi_pending, bits);
}

static void serve_as(unsigned hart)
{
    unsigned self = fake_hart;
    fake_hart = hart;
    if (atomic_exchange(&harts[hart].ipi_pending, 0))
        tlb_serve();
    fake_hart = self;
}

// Slowly: what is asked of this hart, and then one other hart gets on.
void cpu_spin_turn(void)
{
    if (fake_spin_hook)
        fake_spin_hook();
    fake_absorb();
    serve_as(fake_hart);
    serve_as(fake_random(hart_count));
}

// --- boot -------------------------------------------------------------------------------------------------

void fake_machine_boot(unsigned count)
{
    hart_count = count;
    for (unsigned i = 0; i < count; i++)
        harts[i].index = i, mmus[i].root = kernel_root_address();
    machine.memory_ranges = 1;
    machine.memory[0] = (struct memory_range){FAKE_RAM_START, sizeof(ram)};
    machine.reserved_ranges = 1;
    machine.reserved[0] = (struct memory_range){FAKE_RAM_START, PAGE_SIZE};
    frame_init();
    tlb_init(3);
}
