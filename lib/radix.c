// SPDX-License-Identifier: MIT
//
// Radix tree; contracts in lib/radix.h. Called under the lock of the tree's owner; calls the two hooks.
//
// A node at level L covers 64^(L+1) indexes; level 0 holds the entries. The tree is as high as its greatest
// index needs, and no node is empty: so the index of a small file is one node. Recursion is at most 11 deep.

#include "lib/radix.h"

#include "uapi/errno.h"

#include <stdbool.h>

enum { SLOT_BITS = 6, SLOTS = 1 << SLOT_BITS, HEIGHT_MAX = (64 + SLOT_BITS - 1) / SLOT_BITS };

struct radix_node {
    void *slot[SLOTS]; // entries at level 0, else nodes
    unsigned used;     // slots that are not NULL
};

static void *(*allocate_node)(size_t bytes);
static void (*release_node)(void *);

void radix_set_allocator(void *(*allocate)(size_t bytes), void (*release)(void *))
{
    allocate_node = allocate;
    release_node = release;
}

static unsigned slot_of(uint64_t index, unsigned level)
{
    return (index >> (level * SLOT_BITS)) % SLOTS;
}

static bool covers(const struct radix_tree *tree, uint64_t index)
{
    return tree->height == HEIGHT_MAX || index >> (tree->height * SLOT_BITS) == 0;
}

void *radix_lookup(const struct radix_tree *tree, uint64_t index)
{
    void *here = covers(tree, index) ? tree->root : NULL;
    for (unsigned level = tree->height; here && level > 0; level--)
        here = ((struct radix_node *)here)->slot[slot_of(index, level - 1)];
    return here;
}

// Below *where, a node of `level` or NULL, makes `entry` the entry of `index`; NULL takes it out. Adds nodes
// on the way down, frees those left empty on the way up. => returns false when out of memory: nothing changed
static bool store(void **where, unsigned level, uint64_t index, void *entry)
{
    struct radix_node *node = *where ? *where : allocate_node(sizeof(struct radix_node));
    if (!node)
        return false;
    void **slot = &node->slot[slot_of(index, level)];
    bool was_used = *slot, done = true;
    if (level > 0)
        done = store(slot, level - 1, index, entry);
    else
        *slot = entry;
    node->used += (*slot != NULL) - was_used;
    *where = node->used > 0 ? node : NULL;
    if (!*where)
        release_node(node);
    return done;
}

// Adds levels on top until the tree covers `index`. => returns false when out of memory
static bool grow(struct radix_tree *tree, uint64_t index)
{
    for (; tree->height == 0 || !covers(tree, index); tree->height++) {
        struct radix_node *top = tree->root ? allocate_node(sizeof(struct radix_node)) : NULL;
        if (tree->root && !top)
            return false;
        if (top) {
            top->slot[0] = tree->root;
            top->used = 1;
        }
        tree->root = top;
    }
    return true;
}

// Drops levels that hold slot 0 only.
static void shrink(struct radix_tree *tree)
{
    struct radix_node *top;
    while (tree->height > 1 && (top = tree->root) && top->used == 1 && top->slot[0]) {
        tree->root = top->slot[0];
        tree->height--;
        release_node(top);
    }
    if (!tree->root)
        tree->height = 0;
}

int radix_insert(struct radix_tree *tree, uint64_t index, void *entry)
{
    if (radix_lookup(tree, index))
        return -EEXIST;
    if (!grow(tree, index) || !store(&tree->root, tree->height - 1, index, entry)) {
        shrink(tree);
        return -ENOMEM;
    }
    tree->entries++;
    return 0;
}

void *radix_remove(struct radix_tree *tree, uint64_t index)
{
    void *entry = radix_lookup(tree, index);
    if (entry) {
        tree->entries -= store(&tree->root, tree->height - 1, index, NULL);
        shrink(tree);
    }
    return entry;
}

// The first entry of `node` at or after *index, which becomes its index.
static void *first_from(const struct radix_node *node, unsigned level, uint64_t *index)
{
    for (unsigned slot = slot_of(*index, level); slot < SLOTS; slot++) {
        uint64_t next = ((*index >> (level * SLOT_BITS)) + 1) << (level * SLOT_BITS); // where slot + 1 begins
        void *found = node->slot[slot];
        if (found && level > 0)
            found = first_from(found, level - 1, index);
        if (found)
            return found;
        *index = next;
    }
    return NULL;
}

void *radix_next(const struct radix_tree *tree, uint64_t *index)
{
    uint64_t at = *index;
    void *found = tree->root && covers(tree, at) ? first_from(tree->root, tree->height - 1, &at) : NULL;
    *index = found ? at : *index;
    return found;
}
