// SPDX-License-Identifier: MIT
//
// Radix tree; contracts in lib/radix.h. Called under the lock of the tree's owner; calls the two hooks.
//
// A node at level L covers 64^(L+1) indexes; level 0 holds the entries. The tree is as high as its greatest
// index needs, and no node is empty: so a tree of one small file is one node.

#include "lib/radix.h"

#include "uapi/errno.h"

#include <stdbool.h>

enum { SLOT_BITS = 6, SLOTS = 1 << SLOT_BITS, HEIGHT_MAX = (64 + SLOT_BITS - 1) / SLOT_BITS };

struct radix_node {
    void *slot[SLOTS]; // entries at level 0, else nodes
    unsigned used;     // slots that are not NULL
};

const size_t radix_node_bytes = sizeof(struct radix_node);
static void *(*allocate_node)(void);
static void (*release_node)(void *);

void radix_set_allocator(void *(*allocate)(void), void (*release)(void *))
{
    allocate_node = allocate;
    release_node = release;
}

static unsigned slot_of(uint64_t index, unsigned level)
{
    return index >> (level * SLOT_BITS) & (SLOTS - 1);
}

static bool covers(const struct radix_tree *tree, uint64_t index)
{
    return tree->height == HEIGHT_MAX || index >> (tree->height * SLOT_BITS) == 0;
}

void *radix_lookup(const struct radix_tree *tree, uint64_t index)
{
    if (!covers(tree, index))
        return NULL;
    void *here = tree->root;
    for (unsigned level = tree->height; here && level > 0; level--)
        here = ((struct radix_node *)here)->slot[slot_of(index, level - 1)];
    return here;
}

// Frees the empty nodes on the path to `index`, deepest first, and then levels that hold slot 0 only.
static void prune(struct radix_tree *tree, uint64_t index)
{
    struct radix_node *path[HEIGHT_MAX], *node = tree->root;
    unsigned level = tree->height; // path[level .. height - 1] is filled
    while (node && level > 0) {
        path[--level] = node;
        node = level > 0 ? node->slot[slot_of(index, level)] : NULL;
    }
    for (; level < tree->height && path[level]->used == 0; level++) {
        release_node(path[level]);
        if (level + 1 == tree->height)
            *tree = (struct radix_tree){.root = NULL};
        else {
            path[level + 1]->slot[slot_of(index, level + 1)] = NULL;
            path[level + 1]->used--;
        }
    }
    while (tree->height > 1 && tree->root->used == 1 && tree->root->slot[0]) {
        node = tree->root;
        tree->root = node->slot[0];
        tree->height--;
        release_node(node);
    }
}

// Adds levels on top until the tree covers `index`. => returns 0 or -ENOMEM
static int grow(struct radix_tree *tree, uint64_t index)
{
    while (!tree->root || !covers(tree, index)) {
        struct radix_node *node = allocate_node();
        if (!node)
            return -ENOMEM;
        node->slot[0] = tree->root;
        node->used = tree->root != NULL;
        tree->root = node;
        tree->height++;
    }
    return 0;
}

int radix_insert(struct radix_tree *tree, uint64_t index, void *entry)
{
    if (radix_lookup(tree, index))
        return -EEXIST;
    int error = grow(tree, index);
    struct radix_node *node = tree->root;
    for (unsigned level = tree->height; !error && level-- > 0;) {
        void **slot = &node->slot[slot_of(index, level)];
        if (!*slot) {
            *slot = level > 0 ? allocate_node() : entry;
            node->used += *slot != NULL;
        }
        if (!*slot)
            error = -ENOMEM;
        node = *slot;
    }
    if (error)
        prune(tree, index);
    else
        tree->entries++;
    return error;
}

void *radix_remove(struct radix_tree *tree, uint64_t index)
{
    void *entry = radix_lookup(tree, index);
    if (!entry)
        return NULL;
    struct radix_node *node = tree->root;
    for (unsigned level = tree->height - 1; level > 0; level--)
        node = node->slot[slot_of(index, level)];
    node->slot[slot_of(index, 0)] = NULL;
    node->used--;
    tree->entries--;
    prune(tree, index);
    return entry;
}

void *radix_next(const struct radix_tree *tree, uint64_t *index)
{
    uint64_t at = *index;
    unsigned level = tree->height; // of the node's children + 1; the root's own level is height - 1
    struct radix_node *node = tree->root;
    while (node && covers(tree, at)) {
        level--;
        unsigned slot = slot_of(at, level);
        while (slot < SLOTS && !node->slot[slot])
            slot++;
        uint64_t below = ((uint64_t)1 << (level * SLOT_BITS)) - 1; // indexes inside one slot, minus 1
        if (slot == SLOTS) { // nothing here: start again right behind this node
            if (level + 1 == tree->height)
                return NULL;
            at = (at | below | (uint64_t)(SLOTS - 1) << (level * SLOT_BITS)) + 1;
            node = tree->root;
            level = tree->height;
            continue;
        }
        if (slot != slot_of(at, level)) // skipped empty slots: the first index of this one
            at = (at & ~(below | (uint64_t)(SLOTS - 1) << (level * SLOT_BITS))) |
                 (uint64_t)slot << (level * SLOT_BITS);
        if (level == 0) {
            *index = at;
            return node->slot[slot];
        }
        node = node->slot[slot];
    }
    return NULL;
}
