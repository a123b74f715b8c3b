// SPDX-License-Identifier: MIT
//
// What a hart's TLB holds, in the order in which it came: a set, as an array with a hash index. Beside it what saves
// looking through all of it: which are links, how many name a frame, and the tables that have been read.
//
// Part of fake_machine.c.
#pragma once

#include "arch/machine.h"
#include "arch/riscv/pte.h"
#include "tests/host/check.h"
#include "tests/host/fake_machine.h"
#include <string.h>

#ifndef HELD_MOST
#define HELD_MOST 8192 // a power of two
#endif
#define TABLES_SEEN 64
#define NO_ASAN     __attribute__((no_sanitize("address", "undefined")))

// A table as it was when the hart had read it. It need not read it again while it is still like that, as long as
// `generation` is the hart's own: nothing has been forgotten since.
struct seen_table {
    paddr_t table;
    vaddr_t va;
    uint64_t asid, generation;
    unsigned level;
    bool sets_a_d, tolerate; // as the variables were
    uint64_t entries[TABLE_ENTRIES];
};

struct hart_mmu {
    paddr_t root;
    uint64_t asid;
    uint64_t generation; // grows whenever something is forgotten or dies; 0 in no seen_table that is in use
    unsigned count, link_count;
    struct fake_translation held[HELD_MOST / 2];
    uint16_t place[HELD_MOST / 2]; // of each, in `index`
    uint16_t links[HELD_MOST / 2]; // positions in `held`
    uint16_t index[HELD_MOST];     // position in `held` + 1
    uint32_t naming_frame[FAKE_RAM_FRAMES];
    uint32_t naming_span[FAKE_RAM_FRAMES / TABLE_ENTRIES + 1]; // translations of 2 MiB
    struct seen_table seen[TABLES_SEEN];
};

// Does any translation name the page at `address`? It may say yes where none does.
static inline bool may_name(const struct hart_mmu *mmu, paddr_t address)
{
    uint64_t frame = (address - FAKE_RAM_START) / PAGE_SIZE;
    return mmu->naming_frame[frame] || mmu->naming_span[frame / TABLE_ENTRIES];
}

NO_ASAN static void count_naming(struct hart_mmu *mmu, const struct fake_translation *held, uint32_t difference)
{
    uint64_t first = (pte_address(held->entry) - FAKE_RAM_START) / PAGE_SIZE, last = first + TABLE_ENTRIES - 1;
    if (first >= FAKE_RAM_FRAMES)
        return; // garbage
    if (!held->mega) {
        mmu->naming_frame[first] += difference;
        return;
    }
    for (uint64_t span = first / TABLE_ENTRIES; span <= last / TABLE_ENTRIES; span++)
        if (span <= FAKE_RAM_FRAMES / TABLE_ENTRIES)
            mmu->naming_span[span] += difference;
}

NO_ASAN static void hold(struct hart_mmu *mmu, struct fake_translation new)
{
    uint64_t hash = (new.va ^ new.entry * 0x9e3779b97f4a7c15ULL ^ new.level ^ new.asid << 2) * 0xd6e8feb86659fd93ULL;
    unsigned at = hash >> 40 & (HELD_MOST - 1);
    for (; mmu->index[at]; at = (at + 1) % HELD_MOST) {
        struct fake_translation *old = &mmu->held[mmu->index[at] - 1];
        if (old->va == new.va && old->entry == new.entry && old->level == new.level && old->asid == new.asid &&
            old->mega == new.mega) {
            old->dead = new.dead;
            return;
        }
    }
    CHECK(mmu->count < HELD_MOST / 2);
    if (new.level > 0)
        mmu->links[mmu->link_count++] = (uint16_t)mmu->count;
    count_naming(mmu, &new, 1);
    mmu->place[mmu->count] = (uint16_t)at;
    mmu->held[mmu->count++] = new;
    mmu->index[at] = (uint16_t)mmu->count;
}

enum { EVERYTHING, OF_ASID, LEAF };
static inline bool is_meant(const struct fake_translation *held, int what, uint64_t asid, vaddr_t leaf_va)
{
    return what == EVERYTHING || (held->asid == asid && (what == OF_ASID || (held->level == 0 && !held->mega &&
                                                                             held->va == leaf_va)));
}

NO_ASAN static void forget(struct hart_mmu *mmu, int what, uint64_t asid, vaddr_t leaf_va)
{
    unsigned count = mmu->count, first = 0;
    while (first < count && !is_meant(&mmu->held[first], what, asid, leaf_va))
        first++;
    if (first == count)
        return;
    for (unsigned i = 0; i < count; i++)
        mmu->index[mmu->place[i]] = 0;
    mmu->generation++;
    mmu->count = mmu->link_count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct fake_translation held = mmu->held[i];
        count_naming(mmu, &held, -1u);
        if (!is_meant(&held, what, asid, leaf_va))
            hold(mmu, held);
    }
}

static inline struct seen_table *seen_slot(struct hart_mmu *mmu, paddr_t table)
{
    return &mmu->seen[table / PAGE_SIZE % TABLES_SEEN];
}

// Has the hart read all of this table already?
NO_ASAN static bool has_seen(struct hart_mmu *mmu, paddr_t table, unsigned level, vaddr_t va, const uint64_t *entries)
{
    const struct seen_table *seen = seen_slot(mmu, table);
    uint64_t difference = 0;
    if (seen->table != table || seen->va != va || seen->asid != mmu->asid || seen->level != level ||
        seen->generation != mmu->generation || seen->sets_a_d != fake_sets_a_d || seen->tolerate != fake_tolerate)
        return false;
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        difference |= seen->entries[i] ^ entries[i];
    return !difference;
}

NO_ASAN static void now_seen(struct hart_mmu *mmu, paddr_t table, unsigned level, vaddr_t va, const uint64_t *entries)
{
    struct seen_table *seen = seen_slot(mmu, table);
    seen->table = table;
    seen->va = va;
    seen->asid = mmu->asid;
    seen->generation = mmu->generation;
    seen->level = level;
    seen->sets_a_d = fake_sets_a_d;
    seen->tolerate = fake_tolerate;
    memcpy(seen->entries, entries, sizeof(seen->entries));
}
