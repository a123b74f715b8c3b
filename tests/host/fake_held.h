// SPDX-License-Identifier: MIT
//
// What a hart's TLB holds, in the order in which it came: a set, as an array with a hash index. Beside it
// what saves looking through all of it: lists of some, and the tables that have been read.
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
#define VA_BUCKETS  1024
#define NO_ASAN     __attribute__((no_sanitize("address", "undefined")))

// A table as it was when the hart had read it: it need not read it again while it is still like that and
// nothing of it has been forgotten.
struct seen_table {
    bool valid, sets_a_d, tolerate; // the latter as the variables were
    unsigned level;
    paddr_t table;
    vaddr_t va;
    uint64_t asid;
};

// Positions in `held` are counted from 1 where 0 stands for none.
struct hart_mmu {
    paddr_t root;
    uint64_t asid;
    unsigned count, link_count, mega_count;
    struct fake_translation held[HELD_MOST / 2];
    uint16_t place[HELD_MOST / 2];                       // of each, in `index`
    uint16_t links[HELD_MOST / 2], megas[HELD_MOST / 2]; // positions from 0
    uint16_t index[HELD_MOST];
    uint16_t naming[FAKE_RAM_FRAMES],
        next_naming[HELD_MOST / 2];                  // those of 4 KiB and links, by the frame they name
    uint16_t at[VA_BUCKETS], next_at[HELD_MOST / 2]; // all, by their own address
    struct seen_table seen[TABLES_SEEN];
    uint64_t seen_entries[TABLES_SEEN][TABLE_ENTRIES];
};

static inline uint16_t *va_bucket(struct hart_mmu *mmu, vaddr_t va)
{
    return &mmu->at[(va >> PAGE_SHIFT ^ va >> (PAGE_SHIFT + 9)) % VA_BUCKETS];
}

// => NULL: garbage, or 2 MiB
NO_ASAN static uint16_t *naming_list(struct hart_mmu *mmu, const struct fake_translation *held)
{
    uint64_t frame = (pte_address(held->entry) - FAKE_RAM_START) / PAGE_SIZE;
    return held->mega || frame >= FAKE_RAM_FRAMES ? NULL : &mmu->naming[frame];
}

NO_ASAN static void list(struct hart_mmu *mmu, unsigned position)
{
    const struct fake_translation *held = &mmu->held[position];
    uint16_t *naming = naming_list(mmu, held), *at = va_bucket(mmu, held->va);
    if (held->level > 0)
        mmu->links[mmu->link_count++] = (uint16_t)position;
    if (held->mega)
        mmu->megas[mmu->mega_count++] = (uint16_t)position;
    mmu->next_at[position] = *at;
    *at = (uint16_t)(position + 1);
    if (naming) {
        mmu->next_naming[position] = *naming;
        *naming = (uint16_t)(position + 1);
    }
}

NO_ASAN static void hold(struct hart_mmu *mmu, struct fake_translation new)
{
    uint64_t hash =
        (new.va ^ new.entry * 0x9e3779b97f4a7c15ULL ^ new.level ^ new.asid << 2) * 0xd6e8feb86659fd93ULL;
    unsigned at = hash >> 40 & (HELD_MOST - 1);
    for (; mmu->index[at]; at = (at + 1) % HELD_MOST) {
        struct fake_translation *old = &mmu->held[mmu->index[at] - 1];
        if (old->va == new.va && old->entry == new.entry && old->level == new.level &&
            old->asid == new.asid && old->mega == new.mega) {
            old->dead = new.dead;
            return;
        }
    }
    CHECK(mmu->count < HELD_MOST / 2);
    mmu->place[mmu->count] = (uint16_t)at;
    mmu->held[mmu->count] = new;
    list(mmu, mmu->count);
    mmu->index[at] = (uint16_t)++mmu->count;
}

enum { EVERYTHING, OF_ASID, LEAF };
static inline bool is_meant(const struct fake_translation *held, int what, uint64_t asid, vaddr_t leaf_va)
{
    if (what == EVERYTHING || held->asid != asid)
        return what == EVERYTHING;
    return what == OF_ASID || (held->level == 0 && !held->mega && held->va == leaf_va);
}

static inline void forget_seen(struct hart_mmu *mmu, int what, uint64_t asid, vaddr_t leaf_va)
{
    for (struct seen_table *seen = mmu->seen; seen < mmu->seen + TABLES_SEEN; seen++)
        if (what == EVERYTHING ||
            (seen->asid == asid && (what == OF_ASID || leaf_va - seen->va < TABLE_SPAN)))
            seen->valid = false;
}

NO_ASAN static void forget(struct hart_mmu *mmu, int what, uint64_t asid, vaddr_t leaf_va)
{
    unsigned count = mmu->count, first = 0;
    while (first < count && !is_meant(&mmu->held[first], what, asid, leaf_va))
        first++;
    if (first == count)
        return;
    forget_seen(mmu, what, asid, leaf_va);
    mmu->count = mmu->link_count = mmu->mega_count = 0;
    memset(mmu->at, 0, sizeof(mmu->at));
    for (unsigned i = 0; i < count; i++) {
        uint16_t *naming = naming_list(mmu, &mmu->held[i]);
        mmu->index[mmu->place[i]] = 0;
        if (naming)
            *naming = 0;
    }
    for (unsigned i = 0; i < count; i++)
        if (!is_meant(&mmu->held[i], what, asid, leaf_va))
            hold(mmu, mmu->held[i]);
}

// Has the hart read all of this table already?
NO_ASAN static bool has_seen(struct hart_mmu *mmu, paddr_t table, unsigned level, vaddr_t va,
                             const uint64_t *entries)
{
    unsigned slot = table / PAGE_SIZE % TABLES_SEEN;
    const struct seen_table *seen = &mmu->seen[slot];
    uint64_t difference = 0;
    if (!seen->valid || seen->table != table || seen->va != va || seen->asid != mmu->asid ||
        seen->level != level || seen->sets_a_d != fake_sets_a_d || seen->tolerate != fake_tolerate)
        return false;
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        difference |= mmu->seen_entries[slot][i] ^ entries[i];
    return !difference;
}

NO_ASAN static void now_seen(struct hart_mmu *mmu, paddr_t table, unsigned level, vaddr_t va,
                             const uint64_t *entries)
{
    unsigned slot = table / PAGE_SIZE % TABLES_SEEN;
    mmu->seen[slot] = (struct seen_table){true, fake_sets_a_d, fake_tolerate, level, table, va, mmu->asid};
    memcpy(mmu->seen_entries[slot], entries, sizeof(mmu->seen_entries[slot]));
}
