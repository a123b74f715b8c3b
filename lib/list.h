// SPDX-License-Identifier: MIT
//
// Doubly linked circular list with the links inside the element (intrusive).
//
// A list is a `struct list_node` used as its head: an empty list points at itself. No function here
// allocates or locks; the owner of the list says which lock guards it. Usable from every layer.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next, *prev;
};

#define LIST_INIT(head) {&(head), &(head)}

// The element of type `type` whose field `member` is `node`.
#define container_of(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

// Walk `head`; in the _safe form the element under the cursor may be removed (and freed) by the body.
#define list_for_each(node, head) \
    for (struct list_node *node = (head)->next; node != (head); node = node->next)
#define list_for_each_safe(node, head)                                                      \
    for (struct list_node *node = (head)->next, *node##_next = node->next; node != (head); \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list_node *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

// Puts `node` right behind `where` (an element or the head: then it becomes the first).
static inline void list_insert_after(struct list_node *where, struct list_node *node)
{
    node->next = where->next;
    node->prev = where;
    where->next->prev = node;
    where->next = node;
}

static inline void list_push_front(struct list_node *head, struct list_node *node)
{
    list_insert_after(head, node);
}

static inline void list_push_back(struct list_node *head, struct list_node *node)
{
    list_insert_after(head->prev, node);
}

// Takes `node` off its list and leaves it pointing at itself, so that removing it twice is harmless
// and `list_empty(node)` says whether it is on a list.
static inline void list_remove(struct list_node *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

// Takes the first element off; NULL when empty.
static inline struct list_node *list_pop_front(struct list_node *head)
{
    if (list_empty(head))
        return NULL;
    struct list_node *node = head->next;
    list_remove(node);
    return node;
}
