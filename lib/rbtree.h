// SPDX-License-Identifier: MIT
//
// Randomly balanced search tree with the links inside the element. The caller does the descent (it knows the
// order); this keeps the balance. No allocation, no locks: the owner of the tree says which lock guards it.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rb_node {
    struct rb_node *parent, *child[2]; // child[0] smaller, child[1] greater
    uint64_t value, most;              // what rb_next_with looks for; the most of that here and below
    uint32_t weight;                   // drawn by lot
};

struct rb_root {
    struct rb_node *node;
};

// Links `node` below `parent` on `side` (0 or 1; that child must be NULL), or as the root when `parent`
// is NULL, and rebalances. Its value is 0.
void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent, int side);

// Unlinks `node`, which must be in the tree, and rebalances.
void rb_remove(struct rb_root *root, struct rb_node *node);

// First in order; next and previous in order; NULL past the ends.
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

// A number for each node in the tree, and the first node behind `node` whose number is not below `least`: as
// many steps as the tree is high, however many nodes are between.
void rb_set_value(struct rb_node *node, uint64_t value);
struct rb_node *rb_next_with(struct rb_node *node, uint64_t least);
