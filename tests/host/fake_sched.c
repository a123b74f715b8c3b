// SPDX-License-Identifier: MIT
//
// See tests/host/fake_sched.h. Needs format.c, lockrank.c, log.c, spinlock.c and wait.c of lib/ linked.

#include "tests/host/fake_sched.h"
#include "arch/cpu.h"
#include "lib/log.h"
#include "lib/sequence.h"
#include "tests/host/check.h"

#include <string.h>
#include <ucontext.h>

#define WEAK __attribute__((weak))

// ---- the hart ----

WEAK struct hart harts[MAX_HARTS];
WEAK unsigned fake_hart;
WEAK struct arch_thread *fake_thread;
WEAK uint64_t fake_clock_ns;
WEAK uint64_t clock_realtime_offset_ns; // lib/clock.h
WEAK void (*fake_spin_hook)(void);
static bool shuffling;
static struct sequence shuffle;

WEAK void irq_push_off(void)
{
    this_hart()->off_depth++;
}

WEAK void irq_pop_off(void)
{
    CHECK(this_hart()->off_depth > 0);
    if (--this_hart()->off_depth == 0 && shuffling && sequence_next(&shuffle) % 2)
        fake_yield();
}

WEAK bool irq_enabled(void)
{
    return this_hart()->off_depth == 0;
}

WEAK void cpu_spin_turn(void)
{
    fake_clock_ns += 1000;
    if (fake_spin_hook)
        fake_spin_hook();
}

WEAK uint64_t clock_ns(void)
{
    return fake_clock_ns;
}

WEAK void machine_power_off(unsigned status)
{
    printf("not ok - machine_power_off(%u)\n", status);
    fflush(stdout);
    abort();
}

// Not in the C library of Debian 12; tests/host/test_lib_string.c tests the kernel's own.
WEAK size_t strlcpy(char *destination, const char *source, size_t bytes)
{
    return (size_t)snprintf(destination, bytes, "%s", source);
}

// ---- tasks ----

struct task {
    struct list_node node; // in `tasks`
    ucontext_t context;
    bool parked, token, killed, done;
    uint64_t deadline_ns;
    struct held_locks held;
    void (*entry)(void *);
    void *argument;
    char stack[256 * 1024];
};

static struct task first;
static struct task *current = &first;
static struct list_node tasks = LIST_INIT(tasks);

static bool runnable(const struct task *task)
{
    bool timed_out = task->deadline_ns && task->deadline_ns <= fake_clock_ns;
    return !task->done && (!task->parked || task->token || timed_out);
}

// The next task in turn that can run, or by chance another one; lets time pass when all sleep.
static struct task *pick(void)
{
    struct task *found[64];
    unsigned count = 0;
    uint64_t next_ns = UINT64_MAX;
    for (struct list_node *node = current->node.next; count < 64; node = node->next) {
        struct task *task = container_of(node, struct task, node);
        if (node != &tasks && runnable(task))
            found[count++] = task;
        if (node != &tasks && !task->done && task->deadline_ns && task->deadline_ns < next_ns)
            next_ns = task->deadline_ns;
        if (node == &current->node)
            break;
    }
    if (count > 0)
        return found[shuffling ? sequence_next(&shuffle) % count : 0];
    CHECK(next_ns != UINT64_MAX && "everybody sleeps and nobody will wake anybody");
    fake_clock_ns = next_ns;
    return pick();
}

static void switch_to(struct task *next)
{
    struct task *last = current;
    CHECK(this_hart()->off_depth == 0);
    current = next;
    if (next != last)
        swapcontext(&last->context, &next->context);
}

static void run_task(void)
{
    current->entry(current->argument);
    current->done = true;
    unsigned left = 0;
    list_for_each(node, &tasks)
        left += !container_of(node, struct task, node)->done;
    first.token |= left == 1; // only it is left, in fake_tasks_finish()
    switch_to(pick());
}

struct task *fake_task_start(void (*entry)(void *), void *argument)
{
    struct task *task = calloc(1, sizeof(*task));
    task->entry = entry;
    task->argument = argument;
    getcontext(&task->context);
    task->context.uc_stack.ss_sp = task->stack;
    task->context.uc_stack.ss_size = sizeof(task->stack);
    makecontext(&task->context, run_task, 0);
    list_push_back(&tasks, &task->node);
    return task;
}

void fake_yield(void)
{
    switch_to(pick());
}

struct task *sleep_self(void)
{
    return current;
}

void sleep_park(uint64_t deadline_ns)
{
    current->parked = true;
    current->deadline_ns = deadline_ns;
    if (!runnable(current))
        switch_to(pick());
    current->parked = current->token = false;
    current->deadline_ns = 0;
}

void sleep_wake(struct task *task)
{
    CHECK(!task->done);
    task->token = true;
}

bool sleep_interrupted(void)
{
    return current->killed;
}

struct held_locks *sleep_held(void)
{
    return &current->held;
}

void fake_tasks_finish(void)
{
    CHECK(current == &first);
    while (first.node.next != &tasks || first.node.prev != &tasks) {
        bool all_done = true;
        list_for_each_safe(node, &tasks) {
            struct task *task = container_of(node, struct task, node);
            all_done = all_done && (task == &first || task->done);
            if (task->done) {
                list_remove(&task->node);
                free(task);
            }
        }
        if (!all_done)
            sleep_park(0);
    }
}

void fake_task_kill(struct task *task)
{
    task->killed = true;
    sleep_wake(task);
}

void fake_shuffle(uint64_t seed)
{
    shuffling = seed != 0;
    shuffle.state = seed;
}

// ---- panics ----

jmp_buf fake_panic_jump;
static char said[4096];
static size_t said_bytes;
static bool expecting;
static unsigned off_depth; // when the expected panic was announced

static void sink(const char *text, size_t bytes)
{
    if (!expecting)
        fwrite(text, 1, bytes, stderr);
    for (size_t i = 0; expecting && i < bytes && said_bytes < sizeof(said) - 1; i++)
        said[said_bytes++] = text[i];
}

static void panicked(void)
{
    if (!expecting)
        abort();
    longjmp(fake_panic_jump, 1);
}

void fake_panic_expect(void)
{
    log_set_sink(sink); // the fake machine has one of its own
    panic_set_hook(panicked);
    memset(said, 0, sizeof(said));
    said_bytes = 0;
    expecting = true;
    off_depth = this_hart()->off_depth;
}

bool fake_panic_said(const char *text)
{
    panic_set_hook(panicked);
    expecting = false;
    this_hart()->off_depth = off_depth;
    if (!strstr(said, text))
        printf("# the panic was: %s\n", said);
    return strstr(said, text);
}

__attribute__((constructor)) static void prepare(void)
{
    for (unsigned i = 0; i < MAX_HARTS; i++)
        harts[i].index = i;
    list_push_back(&tasks, &first.node);
    log_set_sink(sink);
    log_set_quiet(true);
    panic_set_hook(panicked);
}
