// SPDX-License-Identifier: MIT
//
// See fake_tasks.h. The program's own stack is task 0, which runs when a test calls the kernel directly; there a
// park without a token fails.

#include "tests/host/fake_tasks.h"
#include "lib/lockrank.h"
#include "lib/wait.h"
#include "tests/host/check.h"
#include <string.h>
#include <ucontext.h>

#define TASKS_MOST  16
#define STACK_BYTES (256 << 10)

struct task {
    ucontext_t context;
    void (*entry)(void *);
    void *argument;
    bool alive, parked, token, interrupted;
    uint64_t deadline_ns;
    struct held_locks held;
};

static struct task tasks[TASKS_MOST];
static char stacks[TASKS_MOST][STACK_BYTES] __attribute__((aligned(16)));
static struct task *current;
static uint64_t random_state;
uint64_t fake_now_ns = 1;

unsigned fake_random(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % below);
}

static bool can_run(const struct task *task)
{
    return task->alive && (!task->parked || task->token || task->interrupted ||
                           (task->deadline_ns && task->deadline_ns <= fake_now_ns));
}

static void switch_to(struct task *next)
{
    struct task *previous = current;
    if (next == previous)
        return;
    current = next;
    swapcontext(&previous->context, &next->context);
}

// Any task that can run, or else the first whose deadline comes.
static struct task *choose(void)
{
    struct task *candidates[TASKS_MOST], *sleeper = NULL;
    unsigned count = 0;
    for (struct task *task = tasks + 1; task < tasks + TASKS_MOST; task++) {
        if (can_run(task))
            candidates[count++] = task;
        else if (task->alive && task->deadline_ns && (!sleeper || task->deadline_ns < sleeper->deadline_ns))
            sleeper = task;
    }
    if (!count && sleeper) {
        fake_now_ns = sleeper->deadline_ns;
        return sleeper;
    }
    return count ? candidates[fake_random(count)] : NULL;
}

static void park(uint64_t deadline_ns)
{
    if (current == tasks) {
        CHECK(current->token); // nobody else could wake us
        current->token = false;
        return;
    }
    current->parked = true;
    current->deadline_ns = deadline_ns;
    struct task *next = choose();
    CHECK(next); // everybody sleeps: a wake-up was lost
    switch_to(next);
    current->parked = current->token = false;
    current->deadline_ns = 0;
}

static void wake(struct task *task)
{
    task->token = true;
}

static struct task *get_current(void)
{
    return current;
}

static bool interrupted(void)
{
    return current->interrupted;
}

static uint64_t now_ns(void)
{
    return fake_now_ns;
}

static struct held_locks *held(void)
{
    return &current->held;
}

static void start(void)
{
    current->entry(current->argument);
    CHECK(current->held.count == 0);
    current->alive = false;
    struct task *next = choose();
    switch_to(next ? next : tasks);
}

struct task *fake_task_start(void (*entry)(void *), void *argument)
{
    struct task *task = tasks + 1;
    while (task->alive)
        CHECK(++task < tasks + TASKS_MOST);
    memset(task, 0, sizeof(*task));
    *task = (struct task){.entry = entry, .argument = argument, .alive = true};
    getcontext(&task->context);
    task->context.uc_stack.ss_sp = stacks[task - tasks];
    task->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&task->context, start, 0);
    return task;
}

void fake_tasks_run(void)
{
    struct task *next = choose();
    if (next)
        switch_to(next);
    for (struct task *task = tasks + 1; task < tasks + TASKS_MOST; task++)
        CHECK(!task->alive);
}

void fake_yield(void)
{
    if (current == tasks || fake_random(2))
        return;
    assert_no_spinlocks("a switch");
    switch_to(choose());
}

void fake_task_interrupt(struct task *task)
{
    task->interrupted = true;
}

void fake_tasks_init(uint64_t seed)
{
    static const struct sleep_hooks hooks = {.current = get_current, .park = park, .wake = wake,
                                             .interrupted = interrupted, .now_ns = now_ns, .held = held};
    random_state = seed * 2654435761u + 1;
    current = tasks;
    tasks[0].alive = true;
    sleep_set_hooks(&hooks);
}
