// SPDX-License-Identifier: MIT
//
// Red-black tree; contracts in lib/rbtree.h. Called under the lock of the tree's owner; calls nothing.
//
// Invariants: the root is black; a red node has no red child; every path from the root to a missing child
// passes the same number of black nodes. So no path is more than twice as long as another. `side` is 0 or
// 1, and every case is written once for both mirror images.

#include "lib/rbtree.h"

static bool is_red(const struct rb_node *node)
{
    return node && node->red;
}

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
    *node = (struct rb_node){.parent = parent, .red = true};
    if (parent)
        parent->child[side] = node;
    else
        root->node = node;
    refresh(node);
    // Only "red has no red child" can be broken, and only between node and its parent.
    while ((parent = node->parent) && parent->red) {
        struct rb_node *grand = parent->parent; // there is one: the root is black
        side = side_of(parent);
        struct rb_node *uncle = grand->child[!side];
        if (is_red(uncle)) { // push the black of grand down; look again from there
            parent->red = uncle->red = false;
            grand->red = true;
            node = grand;
            continue;
        }
        if (side_of(node) != side) { // inner grandchild: make it the parent
            rotate(root, parent, side);
            parent = node;
        }
        parent->red = false;
        grand->red = true;
        rotate(root, grand, !side);
        break;
    }
    root->node->red = false;
}

// The paths through `node` (maybe NULL, below `parent`) have one black too few.
static void restore_black(struct rb_root *root, struct rb_node *node, struct rb_node *parent)
{
    while (parent && !is_red(node)) {
        int side = parent->child[1] == node;
        struct rb_node *sibling = parent->child[!side]; // exists: its side has a black more than ours
        if (sibling->red) {
            sibling->red = false;
            parent->red = true;
            rotate(root, parent, side);
            sibling = parent->child[!side];
        }
        if (!is_red(sibling->child[0]) && !is_red(sibling->child[1])) {
            sibling->red = true; // now all of parent's paths have one too few
            node = parent;
            parent = node->parent;
            continue;
        }
        if (!is_red(sibling->child[!side])) { // the red nephew is the near one: make it the sibling
            sibling->child[side]->red = false;
            sibling->red = true;
            rotate(root, sibling, !side);
            sibling = parent->child[!side];
        }
        sibling->red = parent->red;
        parent->red = sibling->child[!side]->red = false;
        rotate(root, parent, side);
        return;
    }
    if (node)
        node->red = false;
}

void rb_remove(struct rb_root *root, struct rb_node *node)
{
    struct rb_node *child, *parent; // what moves up, and below what
    bool red;                       // colour of the place that vanishes
    if (node->child[0] && node->child[1]) {
        // The next in order has no smaller child: it leaves its place and takes over that of `node`.
        struct rb_node *next = rb_next(node);
        child = next->child[1];
        red = next->red;
        parent = next;
        if (next != node->child[1]) {
            parent = next->parent;
            replace(root, next, child);
            next->child[1] = node->child[1];
            next->child[1]->parent = next;
        }
        replace(root, node, next);
        next->child[0] = node->child[0];
        next->child[0]->parent = next;
        next->red = node->red;
    } else {
        child = node->child[node->child[0] == NULL];
        red = node->red;
        parent = node->parent;
        replace(root, node, child);
    }
    refresh(parent);
    if (!red)
        restore_black(root, child, parent);
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
