// SPDX-License-Identifier: MIT
//
// Sleepers and ticks. Called by the scheduler and the timer interrupt. A sleeper lives on the stack of the
// task that parks and sits in the tree of the hart it parked on, ordered by deadline.
//
// With the boot argument seed=N the length of every tick comes from a generator of that seed: under QEMU's
// -icount the ticks are what interleaves the harts, so a seed is an interleaving, the same at every run.

#include "proc/timer.h"
#include "arch/cpu.h"
#include "arch/machine.h"
#include "lib/list.h"
#include "lib/sequence.h"
#include "lib/wait.h"

#define TICK_NS            ((uint64_t)4000000)
#define SEEDED_TICK_NS_MIN ((uint64_t)20000)
#define SEEDED_TICK_NS_MAX ((uint64_t)400000)

// Letters: T guarded by `lock`; H only this hart, interrupts off.
struct timer_queue {
    struct spinlock lock;
    struct rb_root sleepers;  // T
    _Atomic uint64_t first_ns; // deadline of the first sleeper: written under T, read without. Only this hart
                               // adds sleepers, so what it reads here is never too late
    uint64_t next_tick_ns;    // H  UINT64_MAX: no tick
    struct sequence sequence; // H
};

static struct timer_queue queues[MAX_HARTS];
static bool seeded;

void timer_init(void)
{
    uint64_t seed = boot_argument_u64("seed", 0);
    char text[4];
    seeded = boot_argument("seed", text, sizeof text);
    for (unsigned hart = 0; hart < MAX_HARTS; hart++) {
        spin_init(&queues[hart].lock, RANK_TIMER);
        queues[hart].next_tick_ns = UINT64_MAX;
        queues[hart].first_ns = UINT64_MAX;
        queues[hart].sequence.state = seed * MAX_HARTS + hart;
    }
}

static uint64_t tick_ns(struct timer_queue *queue)
{
    if (!seeded)
        return TICK_NS;
    return sequence_between(&queue->sequence, SEEDED_TICK_NS_MIN, SEEDED_TICK_NS_MAX);
}

static void set_hardware(struct timer_queue *queue)
{
    uint64_t first = queue->first_ns;
    timer_set_deadline(first < queue->next_tick_ns ? first : queue->next_tick_ns);
}

// => queue locked
static void note_first(struct timer_queue *queue)
{
    struct rb_node *first = rb_first(&queue->sleepers);
    queue->first_ns = first ? container_of(first, struct sleeper, node)->deadline_ns : UINT64_MAX;
}

void timer_add(struct sleeper *sleeper, struct task *task, uint64_t deadline_ns)
{
    irq_push_off();
    unsigned hart = this_hart()->index;
    struct timer_queue *queue = &queues[hart];
    *sleeper = (struct sleeper){.task = task, .deadline_ns = deadline_ns, .hart = hart, .queued = true};
    spin_lock(&queue->lock);
    struct rb_node *parent = NULL, **link = &queue->sleepers.node;
    int side = 0;
    while (*link) {
        parent = *link;
        side = deadline_ns >= container_of(parent, struct sleeper, node)->deadline_ns;
        link = &parent->child[side];
    }
    rb_insert(&queue->sleepers, &sleeper->node, parent, side);
    note_first(queue);
    set_hardware(queue);
    spin_unlock(&queue->lock);
    irq_pop_off();
}

void timer_remove(struct sleeper *sleeper)
{
    struct timer_queue *queue = &queues[sleeper->hart];
    spin_lock(&queue->lock);
    if (sleeper->queued) {
        rb_remove(&queue->sleepers, &sleeper->node);
        note_first(queue);
    }
    spin_unlock(&queue->lock);
}

void timer_tick_start(bool ticking)
{
    struct timer_queue *queue = &queues[this_hart()->index];
    queue->next_tick_ns = ticking ? clock_ns() + tick_ns(queue) : UINT64_MAX;
    set_hardware(queue);
}

void timer_expire(void)
{
    struct timer_queue *queue = &queues[this_hart()->index];
    uint64_t now = clock_ns();
    if (now >= queue->next_tick_ns)
        queue->next_tick_ns = now + tick_ns(queue);
    spin_lock(&queue->lock);
    struct rb_node *first;
    while ((first = rb_first(&queue->sleepers))) {
        struct sleeper *sleeper = container_of(first, struct sleeper, node);
        if (sleeper->deadline_ns > now)
            break;
        rb_remove(&queue->sleepers, first);
        sleeper->queued = false;
        sleep_wake(sleeper->task); // under the lock: once released, the sleeper's stack frame may be gone
    }
    note_first(queue);
    set_hardware(queue);
    spin_unlock(&queue->lock);
}
