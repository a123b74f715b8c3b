// SPDX-License-Identifier: MIT
//
// Red-black tree with the links inside the element. The caller does the descent (it knows the order);
// this keeps the balance. No allocation, no locks: the owner of the tree says which lock guards it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct rb_node {
    struct rb_node *parent, *child[2]; // child[0] smaller, child[1] greater
    bool red;
};

// With `summarize`, a node may keep something about all that is below it, such as the largest of a number each:
// it is called, children first, for every node whose children have changed.
struct rb_root {
    struct rb_node *node;
    void (*summarize)(struct rb_node *node); // NULL: nothing to keep
};

// Links `node` below `parent` on `side` (0 or 1; that child must be NULL), or as the root when `parent`
// is NULL, and rebalances.
void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent, int side);

// Unlinks `node`, which must be in the tree, and rebalances.
void rb_remove(struct rb_root *root, struct rb_node *node);

// What `node` itself brings to the summaries has changed: renew them, from it up to the root.
void rb_refresh(const struct rb_root *root, struct rb_node *node);

// First in order; next and previous in order; NULL past the ends.
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);
