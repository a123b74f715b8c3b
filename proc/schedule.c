// SPDX-License-Identifier: MIT
//
// Run queues and switching. Called by lib/wait.c (park, wake), by trap/ (timer, IPI, way back to user mode),
// by fork and exit. Calls arch for the switch and mm for the page table.
//
// A queue's lock is held across the switch and released by whoever runs next on that hart: so nobody sees
// a task as ready (or dead) before its registers are saved.
//
//   NEW --new--> READY --pick--> RUNNING --park--> PARKED --wake--> READY
//                  ^---------yield--'  '--exit--> DEAD
//
// A wake-up for a task that is not parked is kept as its token, and the next park returns at once.

#include "proc/schedule.h"
#include "lib/assert.h"
#include "lib/trace.h"
#include "proc/signal.h"
#include "proc/timer.h"

// Letters: Q guarded by `lock`.
struct run_queue {
    struct spinlock lock;
    struct list_node ready; // Q
    unsigned length;        // Q  read without, as a hint
    struct task *running;   // Q  the idle task when there is nothing to do
    struct task *idle;      // constant
};

static struct run_queue queues[MAX_HARTS];
static _Atomic uint64_t idle_harts; // bit n: hart n looks for work or sleeps

// The lock of a queue passes from task to task across a switch: beyond what clang's analysis can follow.
static struct run_queue *lock_own(void) NO_LOCK_ANALYSIS
{
    struct run_queue *queue = &queues[this_hart()->index];
    spin_lock(&queue->lock);
    return queue;
}

// After a switch this may be another hart's than the one locked before it.
static void unlock_own(void) NO_LOCK_ANALYSIS
{
    spin_unlock(&queues[this_hart()->index].lock);
}

// Lock the queue a task belongs to; it may move while we look.
static struct run_queue *lock_home(struct task *task) NO_LOCK_ANALYSIS
{
    for (;;) {
        unsigned home = task->home;
        spin_lock(&queues[home].lock);
        if (task->home == home)
            return &queues[home];
        spin_unlock(&queues[home].lock);
    }
}

static void unlock_home(struct run_queue *queue) NO_LOCK_ANALYSIS
{
    spin_unlock(&queue->lock);
}

// Somebody must run what was just queued on `queue`: its own hart when that idles, else any idle one, which
// will come and steal. Spurious IPIs do no harm; a missing one would leave work lying.
static void kick(const struct run_queue *queue)
{
    unsigned home = (unsigned)(queue - queues);
    uint64_t idle = idle_harts;
    if (!idle)
        return;
    unsigned target = idle >> home & 1 ? home : (unsigned)__builtin_ctzll(idle);
    if (target != this_hart()->index)
        ipi_send(target, IPI_RESCHEDULE);
}

static void enqueue(struct run_queue *queue, struct task *task)
{
    relaxed_write(task->state, TASK_READY);
    list_push_back(&queue->ready, &task->run_node);
    relaxed_write(queue->length, queue->length + 1);
}

static struct task *dequeue(struct run_queue *queue)
{
    struct list_node *node = list_pop_front(&queue->ready);
    if (!node)
        return NULL;
    relaxed_write(queue->length, queue->length - 1);
    return container_of(node, struct task, run_node);
}

// Switch to the next task of this hart. => own queue locked, on entry and on return; the caller has given
// itself its new state
static void switch_to_next(struct run_queue *queue)
{
    struct task *from = queue->running, *to = dequeue(queue);
    if (!to)
        to = queue->idle;
    relaxed_write(to->state, TASK_RUNNING);
    if (to == from)
        return;
    uint64_t now = clock_ns();
    from->run_ns += now - from->switched_in_ns;
    to->switched_in_ns = now;
    queue->running = to;
    to->thread.hart = this_hart();
    trace_event(TRACE_SWITCH, (uint64_t)to->tid, (uint64_t)from->tid);
    if (to->space != from->space)
        pt_activate(to->space ? &to->space->pt : NULL);
    timer_tick_start(to != queue->idle);

    // The lock's saved interrupt state belongs to the task, not to the hart.
    bool was_on = this_hart()->irq_was_on;
    arch_thread_switch(&from->thread, &to->thread);
    this_hart()->irq_was_on = was_on;
}

void schedule_first_run(void)
{
    this_hart()->irq_was_on = true;
    unlock_own();
}

void schedule_new(struct task *task)
{
    struct run_queue *queue = lock_home(task);
    enqueue(queue, task);
    unlock_home(queue);
    kick(queue);
}

void schedule_yield(void)
{
    assert_no_spinlocks("yield");
    struct task *self = current_task();
    atomic_fetch_and(&self->attention, ~(uint32_t)ATTENTION_RESCHEDULE);
    struct run_queue *queue = lock_own();
    if (queue->length) {
        enqueue(queue, self);
        switch_to_next(queue);
    }
    unlock_own();
}

void sched_point(void)
{
    if (current_task()->attention & ATTENTION_RESCHEDULE)
        schedule_yield();
}

struct task *sleep_self(void)
{
    return current_task();
}

void sleep_park(uint64_t deadline_ns)
{
    struct task *self = current_task();
    struct sleeper sleeper;
    if (deadline_ns)
        timer_add(&sleeper, self, deadline_ns);
    struct run_queue *queue = lock_own();
    if (!self->wake_token) {
        relaxed_write(self->state, TASK_PARKED);
        switch_to_next(queue);
    }
    self->wake_token = false;
    unlock_own();
    if (deadline_ns)
        timer_remove(&sleeper);
}

void sleep_wake(struct task *task)
{
    struct run_queue *queue = lock_home(task);
    bool parked = task->state == TASK_PARKED;
    task->wake_token = true;
    if (parked)
        enqueue(queue, task);
    unlock_home(queue);
    if (parked)
        kick(queue);
}

void schedule_exit(void)
{
    struct run_queue *queue = lock_own();
    relaxed_write(queue->running->state, TASK_DEAD);
    switch_to_next(queue);
    panic("a dead task was run");
}

void schedule_wait_dead(struct task *task)
{
    for (;;) {
        struct run_queue *queue = lock_home(task);
        bool dead = task->state == TASK_DEAD;
        unlock_home(queue);
        if (dead)
            return;
        irq_push_off(); // it is on another hart, a few hundred instructions from its last switch
        cpu_spin_turn();
        irq_pop_off();
    }
}

void schedule_interrupt_task(struct task *task)
{
    atomic_fetch_or(&task->attention, ATTENTION_SIGNAL);
    sleep_wake(task);
    struct run_queue *queue = lock_home(task);
    bool remote = task->state == TASK_RUNNING && queue != &queues[this_hart()->index];
    unlock_home(queue);
    if (remote)
        ipi_send((unsigned)(queue - queues), IPI_RESCHEDULE);
}

// Take one ready task from another hart and run it here. => interrupts off, no lock held
static bool steal(void)
{
    unsigned self = this_hart()->index, count = harts_online();
    for (unsigned step = 1; step < count; step++) {
        struct run_queue *victim = &queues[(self + step) % count];
        if (!relaxed_read(victim->length)) // only a hint: the lock tells
            continue;
        spin_lock(&victim->lock);
        struct task *task = dequeue(victim);
        if (task)
            task->home = self;
        spin_unlock(&victim->lock);
        if (!task)
            continue;
        enqueue(lock_own(), task);
        unlock_own();
        return true;
    }
    return false;
}

static void idle_loop(void *)
{
    schedule_first_run();
    struct run_queue *queue = &queues[this_hart()->index];
    uint64_t bit = (uint64_t)1 << this_hart()->index;
    for (;;) {
        irq_disable();
        atomic_fetch_or(&idle_harts, bit); // before the last look: who queues work after it sends an IPI
        bool found = relaxed_read(queue->length) || steal();
        if (!found)
            cpu_wait_for_interrupt();
        irq_enable(); // what has come is served here
        if (!relaxed_read(queue->length))
            continue;
        atomic_fetch_and(&idle_harts, ~bit);
        if (relaxed_read(queue->length) > 1) // what interrupts queued here meanwhile sent no IPI
            kick(queue);
        switch_to_next(lock_own());
        unlock_own();
    }
}

void schedule_start_hart(void)
{
    struct task *idle = task_create(NULL, idle_loop, NULL);
    if (!idle)
        panic("no memory for the idle task of hart %u", this_hart()->index);
    idle->home = this_hart()->index;
    idle->thread.hart = this_hart();
    idle->state = TASK_RUNNING;
    struct run_queue *queue = lock_own();
    queue->idle = queue->running = idle;
    this_hart()->idle = &idle->thread;
    arch_thread_switch(this_thread(), &idle->thread);
    panic("the boot thread was run again");
}

bool sleep_interrupted(void)
{
    return (current_task()->attention & ATTENTION_SIGNAL) && signal_fatal();
}

struct held_locks *sleep_held(void)
{
    return &current_task()->held_locks;
}

void schedule_init(void)
{
    for (unsigned hart = 0; hart < MAX_HARTS; hart++) {
        spin_init(&queues[hart].lock, RANK_RUN_QUEUE);
        list_init(&queues[hart].ready);
    }
    timer_init();
    describe_thread = task_describe;
}

uint64_t task_run_ns(struct task *task)
{
    struct run_queue *queue = lock_home(task);
    uint64_t ns = task->run_ns;
    if (queue->running == task)
        ns += clock_ns() - task->switched_in_ns;
    unlock_home(queue);
    return ns;
}

struct spent process_spent(struct process *process)
{
    struct spent usage = process->ended_spent;
    list_for_each(node, &process->threads)
        spent_add(&usage, (struct spent){task_run_ns(thread_at(node)), relaxed_read(thread_at(node)->faults)});
    return usage;
}

char process_state_letter(struct process *process)
{
    list_for_each(node, &process->threads)
        if (relaxed_read(thread_at(node)->state) != TASK_PARKED)
            return 'R';
    return process->zombie ? 'Z' : 'S';
}

void schedule_ipi(void)
{
    atomic_fetch_or(&current_task()->attention, ATTENTION_RESCHEDULE);
}

void schedule_timer_interrupt(void)
{
    timer_expire();
    if (relaxed_read(queues[this_hart()->index].length))
        atomic_fetch_or(&current_task()->attention, ATTENTION_RESCHEDULE);
}
