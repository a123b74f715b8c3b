// SPDX-License-Identifier: MIT
//
// Randomly balanced tree, a treap (Seidel, Aragon, "Randomized search trees", 1996); contracts in
// lib/rbtree.h. Called under the lock of the tree's owner; calls nothing.
//
// Each node has a weight drawn by lot, and none is heavier than its parent. There is one such tree, whatever
// was inserted and removed before: that of inserting by weight, heaviest first, which is a random order. So n
// nodes are about 1.4 log2 n deep on average, also when they came in order. `side` is 0 or 1, and every case
// is written once for both mirror images.

#include "lib/rbtree.h"
#include "lib/sequence.h"

static int side_of(const struct rb_node *node)
{
    return node->parent->child[1] == node;
}

// Puts `new` (maybe NULL) where `old` hangs.
static void replace(struct rb_root *root, const struct rb_node *old, struct rb_node *new)
{
    if (old->parent)
        old->parent->child[side_of(old)] = new;
    else
        root->node = new;
    if (new)
        new->parent = old->parent;
}

// The children of `node` know what is the most below them.
static void summarize(struct rb_node *node)
{
    node->most = node->value;
    for (int side = 0; side < 2; side++)
        if (node->child[side] && node->child[side]->most > node->most)
            node->most = node->child[side]->most;
}

// `node` goes down to `side`; its child of the other side takes its place.
static void rotate(struct rb_root *root, struct rb_node *node, int side)
{
    struct rb_node *up = node->child[!side], *middle = up->child[side];
    replace(root, node, up);
    up->child[side] = node;
    node->parent = up;
    node->child[!side] = middle;
    if (middle)
        middle->parent = node;
    summarize(node); // those above have the same nodes below them as before
    summarize(up);
}

static void refresh(struct rb_node *node)
{
    for (; node; node = node->parent)
        summarize(node);
}

void rb_set_value(struct rb_node *node, uint64_t value)
{
    node->value = value;
    refresh(node);
}

void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent, int side)
{
    struct sequence lot = {(uintptr_t)node};
    *node = (struct rb_node){.parent = parent, .weight = (uint32_t)sequence_next(&lot)};
    if (parent)
        parent->child[side] = node;
    else
        root->node = node;
    refresh(node);
    while (node->parent && node->parent->weight < node->weight)
        rotate(root, node->parent, !side_of(node));
}

// Down until a child is missing: then the other one can take its place.
void rb_remove(struct rb_root *root, struct rb_node *node)
{
    while (node->child[0] && node->child[1])
        rotate(root, node, node->child[0]->weight > node->child[1]->weight);
    replace(root, node, node->child[node->child[0] == NULL]);
    refresh(node->parent);
}

static struct rb_node *outermost(struct rb_node *node, int side)
{
    while (node && node->child[side])
        node = node->child[side];
    return node;
}

// The neighbour in order on `side`: the nearest one below, else the first ancestor we are not on `side` of.
static struct rb_node *neighbour(const struct rb_node *node, int side)
{
    if (node->child[side])
        return outermost(node->child[side], !side);
    while (node->parent && side_of(node) == side)
        node = node->parent;
    return node->parent;
}

struct rb_node *rb_first(const struct rb_root *root)
{
    return outermost(root->node, 0);
}

struct rb_node *rb_next(const struct rb_node *node)
{
    return neighbour(node, 1);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
    return neighbour(node, 0);
}

// Down where a `most` promises one, else up.
struct rb_node *rb_next_with(struct rb_node *node, uint64_t least)
{
    do {
        if (node->child[1] && node->child[1]->most >= least) {
            node = node->child[1];
            while (node->child[0] && node->child[0]->most >= least)
                node = node->child[0];
        } else {
            while (node->parent && side_of(node) == 1)
                node = node->parent;
            node = node->parent;
        }
    } while (node && node->value < least);
    return node;
}
