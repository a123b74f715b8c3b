// SPDX-License-Identifier: MIT
//
// The containers of lib/ against simple oracles: balanced tree, radix tree, bitmap, list, and the sequence
// that drives the tests.

#include "lib/bitmap.h"
#include "lib/list.h"
#include "lib/radix.h"
#include "lib/rbtree.h"
#include "lib/sequence.h"
#include "tests/host/check.h"
#include "uapi/errno.h"

#include <string.h>

static struct sequence random_numbers = {42};

static unsigned below(unsigned bound)
{
    return (unsigned)sequence_between(&random_numbers, 0, bound - 1);
}

// ---- balanced tree ----

enum { KEYS = 300 };
struct item {
    struct rb_node node;
    unsigned key;
    bool in_tree;
};
static struct item items[KEYS];
static struct rb_root root;

static struct item *item_of(const struct rb_node *node)
{
    return container_of(node, struct item, node);
}

static void insert(struct item *item)
{
    struct rb_node *parent = NULL, *node = root.node;
    int side = 0;
    while (node) {
        parent = node;
        side = item->key > item_of(node)->key;
        node = node->child[side];
    }
    rb_insert(&root, &item->node, parent, side);
    item->in_tree = true;
}

// => returns the height
static unsigned check_below(const struct rb_node *node, const struct rb_node *parent)
{
    if (!node)
        return 0;
    CHECK(node->parent == parent);
    CHECK(!parent || node->weight <= parent->weight);
    unsigned left = check_below(node->child[0], node), right = check_below(node->child[1], node);
    return 1 + (left > right ? left : right);
}

static void check_tree(void)
{
    CHECK(check_below(root.node, NULL) <= 40); // 17 is usual; 26 was the most in 3,000 trees
    const struct rb_node *node = rb_first(&root), *last = NULL;
    for (unsigned key = 0; key < KEYS; key++) {
        if (!items[key].in_tree)
            continue;
        CHECK(node == &items[key].node && rb_prev(node) == last);
        last = node;
        node = rb_next(node);
    }
    CHECK(!node);
}

// With a walk, from each node on.
static void check_values(unsigned least)
{
    struct rb_node *expected = NULL;
    for (unsigned key = KEYS; key-- > 0;) {
        if (!items[key].in_tree)
            continue;
        CHECK(rb_next_with(&items[key].node, least) == expected);
        if (items[key].node.value >= least)
            expected = &items[key].node;
    }
}

static void rbtree_keeps_order_and_balance(void)
{
    for (unsigned key = 0; key < KEYS; key++)
        items[key].key = key;
    CHECK(!rb_first(&root));
    for (unsigned phase = 0; phase < 6; phase++)
        for (unsigned step = 0; step < 3000; step++) {
            struct item *item = &items[below(phase < 2 ? 12 : KEYS)];
            bool growing = phase % 2 == 0; // phases that mostly fill, and phases that mostly empty
            if (!item->in_tree && below(4) < (growing ? 3 : 1)) {
                insert(item);
                rb_set_value(&item->node, below(1000));
            } else if (item->in_tree && below(4) < (growing ? 1 : 3)) {
                rb_remove(&root, &item->node);
                item->in_tree = false;
            }
            check_tree();
            check_values(1 + below(1000));
        }
    for (unsigned key = 0; key < KEYS; key++)
        if (items[key].in_tree) {
            rb_remove(&root, &items[key].node);
            items[key].in_tree = false;
            check_tree();
        }
    CHECK(!root.node);
    for (unsigned key = 0; key < KEYS; key++) // ascending: the worst case of a tree without balance
        insert(&items[key]);
    check_tree();
}

// ---- radix tree ----

static long nodes, allocations_left;

static void *allocate(size_t bytes)
{
    if (allocations_left-- <= 0)
        return NULL;
    nodes++;
    return calloc(1, bytes);
}

static void release(void *node)
{
    nodes--;
    free(node);
}

// Indexes that meet every height, and edges of nodes.
static uint64_t any_index(void)
{
    switch (below(4)) {
    case 0:
        return below(200);
    case 1:
        return ((uint64_t)1 << below(64)) - below(3);
    case 2:
        return UINT64_MAX - below(100);
    default:
        return sequence_next(&random_numbers) >> below(64);
    }
}

enum { OBJECTS = 150 };
static uint64_t indexes[OBJECTS]; // entry i is &indexes[i]
static bool present[OBJECTS];

static void *oracle_lookup(uint64_t index)
{
    for (unsigned i = 0; i < OBJECTS; i++)
        if (present[i] && indexes[i] == index)
            return &indexes[i];
    return NULL;
}

static void *oracle_next(uint64_t *index)
{
    uint64_t *best = NULL;
    for (unsigned i = 0; i < OBJECTS; i++)
        if (present[i] && indexes[i] >= *index && (!best || indexes[i] < *best))
            best = &indexes[i];
    *index = best ? *best : *index;
    return best;
}

static void radix_step(struct radix_tree *tree, unsigned fill)
{
    unsigned i = below(OBJECTS);
    uint64_t probe = any_index();
    CHECK(radix_lookup(tree, probe) == oracle_lookup(probe));
    uint64_t from = probe, oracle_from = probe;
    CHECK(radix_next(tree, &from) == oracle_next(&oracle_from) && from == oracle_from);
    if (present[i]) {
        CHECK(radix_insert(tree, indexes[i], &present[i]) == -EEXIST);
        CHECK(radix_lookup(tree, indexes[i]) == &indexes[i]);
        if (below(8) < fill)
            return;
        CHECK(radix_remove(tree, indexes[i]) == &indexes[i]);
        CHECK(!radix_remove(tree, indexes[i]));
        present[i] = false;
    } else if (below(8) < fill && !oracle_lookup(probe)) {
        indexes[i] = probe;
        long nodes_before = nodes;
        unsigned height_before = tree->height;
        allocations_left = below(3) ? 100 : below(12); // every third may fail half-way
        int error = radix_insert(tree, probe, &indexes[i]);
        CHECK(error == 0 || error == -ENOMEM);
        CHECK(error == 0 || (nodes == nodes_before && tree->height == height_before));
        CHECK(error == 0 || allocations_left < 0);
        present[i] = error == 0;
    }
}

static void radix_agrees_with_oracle(void)
{
    struct radix_tree tree = {.root = NULL};
    radix_set_allocator(allocate, release);
    for (unsigned phase = 0; phase < 40; phase++)
        for (unsigned step = 0; step < 1500; step++) {
            radix_step(&tree, phase % 2 ? 2 : 6);
            size_t entries = 0;
            for (unsigned i = 0; i < OBJECTS; i++)
                entries += present[i];
            CHECK(tree.entries == entries);
        }
    for (unsigned i = 0; i < OBJECTS; i++)
        CHECK(!present[i] || radix_remove(&tree, indexes[i]) == &indexes[i]);
    CHECK(nodes == 0 && tree.height == 0 && !tree.root && tree.entries == 0);
}

static void radix_is_small_for_small_indexes(void)
{
    struct radix_tree tree = {.root = NULL};
    allocations_left = 100;
    for (uint64_t index = 0; index < 64; index++)
        CHECK(radix_insert(&tree, index, &tree) == 0);
    CHECK(nodes == 1 && tree.height == 1);
    CHECK(radix_insert(&tree, UINT64_MAX, &tree) == 0 && tree.height == 11);
    CHECK(radix_remove(&tree, UINT64_MAX) == &tree);
    CHECK(nodes == 1 && tree.height == 1);
    for (uint64_t index = 0; index < 64; index++)
        CHECK(radix_remove(&tree, index) == &tree);
    CHECK(nodes == 0);
}

// ---- the small ones ----

static void bitmap_finds_the_first_clear_bit(void)
{
    uint64_t map[BITMAP_WORDS(150)];
    CHECK(sizeof(map) == 24);
    for (unsigned round = 0; round < 2000; round++) {
        bool oracle[192];
        unsigned bits = below(151), density = below(20);
        for (unsigned bit = 0; bit < 192; bit++) {
            oracle[bit] = below(20) <= density;
            (oracle[bit] ? bitmap_set : bitmap_clear)(map, bit);
        }
        for (unsigned from = 0; from <= bits; from++) {
            unsigned expected = from;
            while (expected < bits && oracle[expected])
                expected++;
            CHECK(bitmap_find_clear(map, bits, from) == expected);
            CHECK(bitmap_test(map, from) == oracle[from]);
        }
    }
}

static void list_links_and_unlinks(void)
{
    struct list_node head = LIST_INIT(head), a, b, c;
    CHECK(list_empty(&head) && !list_pop_front(&head));
    list_push_back(&head, &b);
    list_push_front(&head, &a);
    list_insert_after(&b, &c);
    struct list_node *order[] = {&a, &b, &c};
    unsigned seen = 0;
    list_for_each(node, &head)
        CHECK(node == order[seen++]);
    CHECK(seen == 3);
    list_remove(&b);
    list_remove(&b); // harmless
    CHECK(list_empty(&b) && a.next == &c && c.prev == &a);
    list_for_each_safe(node, &head)
        list_remove(node);
    CHECK(list_empty(&head));
    list_push_back(&head, &a);
    list_push_back(&head, &c);
    CHECK(list_pop_front(&head) == &a && list_pop_front(&head) == &c && list_empty(&head));
}

// The published test values of splitmix64 for seed 1234567.
static void sequence_is_the_published_one(void)
{
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u};
    struct sequence sequence = {1234567};
    for (unsigned i = 0; i < 3; i++)
        CHECK(sequence_next(&sequence) == expected[i]);
    bool seen[4] = {false};
    for (unsigned i = 0; i < 200; i++) {
        uint64_t number = sequence_between(&sequence, 5, 8);
        CHECK(number >= 5 && number <= 8);
        seen[number - 5] = true;
    }
    CHECK(seen[0] && seen[1] && seen[2] && seen[3]);
}

int main(void)
{
    TEST(rbtree_keeps_order_and_balance);
    TEST(radix_agrees_with_oracle);
    TEST(radix_is_small_for_small_indexes);
    TEST(bitmap_finds_the_first_clear_bit);
    TEST(list_links_and_unlinks);
    TEST(sequence_is_the_published_one);
}
