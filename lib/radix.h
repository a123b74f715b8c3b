// SPDX-License-Identifier: MIT
//
// Radix tree from a 64-bit index to a non-NULL pointer, 64 slots a node. The page cache's index.
// The owner's lock guards it. Nodes come from two hooks, so that lib needs no allocator of its own.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct radix_tree {
    void *root;      // a node; NULL when empty
    unsigned height; // levels of nodes; 0 when empty
    size_t entries;
};

// Filled in once at boot by the allocator (mm/slab.c). allocate => returns zeroed memory; NULL: there is none
void radix_set_allocator(void *(*allocate)(size_t bytes), void (*release)(void *));

void *radix_lookup(const struct radix_tree *tree, uint64_t index); // NULL when absent

// => returns 0, -EEXIST when the slot is taken, -ENOMEM (nothing changed)
[[nodiscard]] int radix_insert(struct radix_tree *tree, uint64_t index, void *entry);

void *radix_remove(struct radix_tree *tree, uint64_t index); // the entry, or NULL; frees empty nodes

// The entry with the smallest index >= *index, whose index is stored to *index; NULL when there is none.
void *radix_next(const struct radix_tree *tree, uint64_t *index);
