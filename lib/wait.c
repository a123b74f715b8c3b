// SPDX-License-Identifier: MIT
//
// Wait queues; the rule and the contracts are in lib/wait.h. Wakers may be interrupt handlers. sleep_wake()
// is called under the queue's lock: a woken waiter's stack, and its task, may be gone once that is free.

#include "lib/lockrank.h"
#include "lib/wait.h"

void wait_queue_init(struct wait_queue *queue)
{
    spin_init(&queue->lock, RANK_WAIT);
    list_init(&queue->waiters);
}

void wait_enqueue(struct wait_queue *queue, struct waiter *waiter)
{
    spin_lock(&queue->lock);
    waiter->task = sleep_self();
    if (list_empty(&waiter->node))
        list_push_back(&queue->waiters, &waiter->node);
    spin_unlock(&queue->lock);
}

void wait_dequeue(struct wait_queue *queue, struct waiter *waiter)
{
    spin_lock(&queue->lock);
    list_remove(&waiter->node);
    spin_unlock(&queue->lock);
}

void wait_park(uint64_t deadline_ns)
{
    assert_no_spinlocks("sleep");
    sleep_park(deadline_ns);
}

int wait_given_up(uint64_t deadline_ns)
{
    if (sleep_interrupted())
        return -EINTR;
    return deadline_ns && clock_ns() >= deadline_ns ? -ETIMEDOUT : 0;
}

bool wake_first(struct wait_queue *queue)
{
    struct list_node *node = list_pop_front(&queue->waiters);
    if (node)
        sleep_wake(container_of(node, struct waiter, node)->task);
    return node != NULL;
}

void wake_all(struct wait_queue *queue)
{
    spin_lock(&queue->lock);
    while (wake_first(queue))
        ;
    spin_unlock(&queue->lock);
}
