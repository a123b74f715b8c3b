// SPDX-License-Identifier: MIT
// A life: a process whose threads make random calls, with children of every kind that do the same for a
// while. It ends after so many steps, or by what it has done to itself, or because the supervisor finds it
// asleep.
#include "callstress.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "uapi/futex.h"
#include "uapi/signal.h"

enum { STEPS_OF_LIFE = 400, STEPS_OF_CHILD = 25, THREADS = 3, DEPTH_MOST = 3, STACK_BYTES = 16384 };
#define RW          (PROT_READ | PROT_WRITE)
#define THREAD_LIKE (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static struct life lives[SLOTS]; // by the number of the slot, which is nobody else's
static char stacks[SLOTS][STACK_BYTES] __attribute__((aligned(16)));

struct slot *slot_take(int *ticket)
{
    *ticket = -1 - (atomic_fetch_add(&shared->tickets, 1) & 0x3fffffff);
    for (unsigned i = 0; i < SLOTS; i++) {
        int none = 0;
        if (atomic_compare_exchange_strong(&shared->slots[i].pid, &none, *ticket))
            return &shared->slots[i];
    }
    return NULL;
}

static struct life *life_of(struct slot *slot)
{
    return &lives[slot - shared->slots];
}

static int self_pid(void)
{
    return (int)raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static bool map(unsigned long address, unsigned pages, int protection, int flags, int fd)
{
    return raw(SYS_mmap, (long)address, pages * PAGE_BYTES, protection, flags | MAP_FIXED, fd, 0) ==
           (long)address;
}

// The supervisor may have given the slot to somebody else when this has taken too long.
static bool is_mine(struct life *life)
{
    int ticket = life->ticket, pid = self_pid();
    if (!atomic_compare_exchange_strong(&life->slot->pid, &ticket, pid) && ticket != pid)
        return false;
    life->slot->tid = (int)raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
    life->has_edge = map(edge_of(life), 1, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    return true;
}

// From the store on somebody else may have this stack.
static _Noreturn void leave(struct life *life, long number, long status)
{
    life->slot->in_call = false;
    register long a0 asm("a0") = status, a7 asm("a7") = number;
    asm volatile("sw zero, 0(%0); ecall" : : "r"(&life->slot->pid), "r"(a0), "r"(a7) : "memory");
    __builtin_unreachable();
}

// long clone_to(flags, stack, parent_tid, tls, child_tid, body, argument): the child calls body(argument),
// which does not return. It may run on a copy of this stack, or on this one while its maker waits: so body
// comes from a register.
long clone_to(long flags, long stack, long parent_tid, long tls, long child_tid, void (*body)(void *),
              void *argument);
asm(".globl clone_to\n"
    "clone_to:\n"
    "    mv t0, a5\n"
    "    mv t1, a6\n"
    "    li a7, 220\n"
    "    ecall\n"
    "    beqz a0, 1f\n"
    "    ret\n"
    "1:  mv a0, t1\n"
    "    li s0, 0\n"
    "    jalr t0\n"
    "    unimp\n");

// --- a step -----------------------------------------------------------------------------------------------

static void child_lives(void *argument);

// => the result, as the parent sees it
static long make_child(struct life *life, uint64_t *arguments)
{
    int ticket;
    struct slot *slot = life->depth < DEPTH_MOST ? slot_take(&ticket) : NULL;
    if (!slot)
        return raw(SYS_clone, -1, 0, 0, 0, 0, 0); // refused
    struct life *child = life_of(slot);
    child->slot = slot;
    child->ticket = ticket;
    child->random_state = next_random(life) ^ next_random(life) << 30;
    child->depth = life->depth + 1;
    child->is_thread = arguments[0] & CLONE_THREAD;
    *slot =
        (struct slot){.pid = ticket, .process = life->slot->process, .generation = life->slot->generation};
    if ((arguments[0] & CLONE_VM) && !arguments[1])
        arguments[1] = (uint64_t)stacks[slot - shared->slots + 1];
    long result = clone_to((long)arguments[0], (long)arguments[1], (long)arguments[2], (long)arguments[3],
                           (long)arguments[4], child_lives, child);
    if (result < 0)
        atomic_compare_exchange_strong(&slot->pid, &ticket, 0);
    else if (!(arguments[0] & CLONE_THREAD))
        atomic_compare_exchange_strong(&slot->pid, &ticket, (int)result);
    return result;
}

// The allocations of this thread fail from the nth on, until it says 0.
static void fail_after(unsigned nth)
{
    char text[4] = {(char)('0' + nth / 10), (char)('0' + nth % 10)};
    raw(SYS_write, FAIL_FD, (long)text, 2, 0, 0, 0);
}

static void log_call(const struct slot *slot)
{
    char line[200];
    const uint64_t *a = slot->arguments;
    int length = snprintf(line, sizeof line, "%d.%u %d/%d step %u: %s %#lx %#lx %#lx %#lx %#lx %#lx\n",
                          slot->process, slot->generation, slot->pid, slot->tid, slot->step,
                          calls[slot->call].name, a[0], a[1], a[2], a[3], a[4], a[5]);
    raw(SYS_write, LOG_FD, (long)line, length, 0, 0, 0);
}

static void step(struct life *life)
{
    struct slot *slot = life->slot;
    unsigned number = below(life, calls_count);
    const struct call *call = &calls[number];
    if (call->rare && below(life, 1 + call->rare))
        return;
    life->scratch_used = 64;
    if (!invent(life, call, slot->arguments))
        return;
    struct count *count = &shared->counts[number];
    uint64_t *a = slot->arguments, failing = below(life, 12) ? 0 : 1 + below(life, 12);
    slot->call = number;
    slot->step++;
    slot->in_call = true;
    count->made++;
    if (shared->log)
        log_call(slot);
    if (failing)
        fail_after(failing);
    if (call->number == SYS_exit || call->number == SYS_exit_group) {
        count->good++;
        leave(life, call->number, (long)a[0]);
    }
    long result = call->number == SYS_clone ? make_child(life, a)
                                            : raw(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (failing)
        fail_after(0);
    slot->in_call = false;
    *(result < 0 && result > -4096 ? &count->bad : &count->good) += 1;
    shared->steps_made[slot->process]++;
}

static void live(struct life *life, unsigned steps)
{
    while (steps-- && has_more((unsigned)life->slot->process))
        step(life);
}

// --- ways to begin and to end -----------------------------------------------------------------------------

static void end(struct life *life)
{
    static char *const arguments[] = {"callstress", NULL};
    unsigned how = below(life, life->is_thread ? 60 : 12);
    if (how == 0)
        *(volatile int *)ARENA_HOLE = 1;
    if (how == 1)
        raw(SYS_execve, (long)"/test/callstress", (long)arguments, (long)(arguments + 1), 0, 0, 0);
    if (how == 2)
        raw(SYS_execve, (long)ROOT "/program", (long)arguments, 0, 0, 0, 0);
    if (how == 3) // until somebody ends it
        raw(SYS_futex, WORDS + 64, FUTEX_WAIT, 0, 0, 0, 0);
    leave(life, how % 2 ? SYS_exit : SYS_exit_group, 0);
}

static void child_lives(void *argument)
{
    struct life *life = argument;
    if (!is_mine(life))
        raw(life->is_thread ? SYS_exit : SYS_exit_group, 0, 0, 0, 0, 0, 0);
    live(life, below(life, STEPS_OF_CHILD));
    if (life->is_thread)
        leave(life, SYS_exit, 0);
    end(life);
}

static int other_thread(void *argument)
{
    struct life *life = argument;
    if (is_mine(life))
        live(life, STEPS_OF_LIFE);
    leave(life, SYS_exit, 0);
}

// Memory, and descriptors of every kind, the same numbers in every life. What fails now will be missed later.
static bool settle(int process)
{
    char name[40];
    snprintf(name, sizeof name, ROOT "/%d", process);
    if (raw(SYS_chdir, (long)name, 0, 0, 0, 0, 0))
        return false;
    for (int fd = 0; fd < 3; fd++)
        raw(SYS_close, fd, 0, 0, 0, 0, 0);
    static const char *const files[] = {"/dev/null", "/dev/zero", "/proc/self/maps"};
    for (unsigned i = 0; i < 3; i++)
        raw(SYS_openat, AT_FDCWD, (long)files[i], i < 2 ? O_RDWR : O_RDONLY, 0, 0, 0);
    long file = raw(SYS_openat, AT_FDCWD, (long)"a", O_RDWR | O_CREAT, 0644, 0, 0);
    raw(SYS_openat, AT_FDCWD, (long)"b", O_RDWR | O_CREAT | O_APPEND, 0644, 0, 0);
    raw(SYS_openat, AT_FDCWD, (long)".", O_DIRECTORY, 0, 0, 0);
    raw(SYS_mkdirat, AT_FDCWD, (long)"d1", 0755, 0, 0, 0);
    raw(SYS_openat, AT_FDCWD, (long)"d1", O_DIRECTORY, 0, 0, 0);
    raw(SYS_openat, AT_FDCWD, (long)"/dev/console", O_RDONLY | O_NONBLOCK, 0, 0, 0);
    raw(SYS_symlinkat, (long)"a", AT_FDCWD, (long)"l1", 0, 0, 0);
    raw(SYS_symlinkat, (long)"d1", AT_FDCWD, (long)"l2", 0, 0, 0);
    raw(SYS_ftruncate, file, 8 * PAGE_BYTES, 0, 0, 0, 0);
    bool there = map(ARENA, 40, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1) &&
                 map(ARENA_READ, 4, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1) &&
                 map(ARENA_NONE, 4, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1) &&
                 map(WORDS, 1, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
    map(ARENA_FILE, 8, RW, MAP_SHARED, (int)file);
    raw(SYS_memfd_create, (long)"m", 0, 0, 0, 0, 0);
    raw(SYS_pipe2, ARENA, O_NONBLOCK, 0, 0, 0, 0);
    raw(SYS_pipe2, ARENA, O_NONBLOCK, 0, 0, 0, 0);
    raw(SYS_pipe2, ARENA, 0, 0, 0, 0, 0);
    return there;
}

static struct life *begin(int process, unsigned generation)
{
    int ticket;
    struct slot *slot = slot_take(&ticket);
    if (!slot)
        raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    struct life *life = life_of(slot);
    *slot = (struct slot){.pid = ticket, .process = process, .generation = generation};
    life->slot = slot;
    life->ticket = ticket;
    life->random_state = (shared->seed * 1000003 + (unsigned)process) * 1000003 + generation;
    for (int i = 0; i < 4; i++)
        next_random(life);
    if (!is_mine(life))
        raw(SYS_exit_group, 0, 0, 0, 0, 0, 0);
    return life;
}

void life_begin(int process, unsigned generation)
{
    struct life *life = begin(process, generation);
    raw(SYS_setsid, 0, 0, 0, 0, 0, 0);
    if (!settle(process))
        leave(life, SYS_exit_group, 0);
    for (unsigned t = 1; t < THREADS; t++) {
        int ticket;
        struct slot *slot = slot_take(&ticket);
        if (!slot)
            break;
        struct life *other = life_of(slot);
        *slot = (struct slot){.pid = ticket, .process = process, .generation = generation};
        *other = (struct life){
            .slot = slot, .ticket = ticket, .is_thread = true, .random_state = life->random_state + t};
        for (int i = 0; i < 4; i++)
            next_random(other);
        if (clone_to(THREAD_LIKE, (long)stacks[slot - shared->slots + 1], 0, 0, 0,
                     (void (*)(void *))other_thread, other) < 0)
            atomic_compare_exchange_strong(&slot->pid, &ticket, 0);
    }
    live(life, STEPS_OF_LIFE);
    leave(life, SYS_exit_group, 0);
}

void life_executed(void)
{
    int process = 0, pid = self_pid();
    for (unsigned i = 0; i < SLOTS; i++)
        if (shared->slots[i].pid == pid) { // who executed this
            process = shared->slots[i].process;
            shared->slots[i].pid = 0;
        }
    for (unsigned i = 0; i < calls_count; i++)
        shared->counts[i].good += calls[i].number == SYS_execve;
    struct life *life = begin(process, (unsigned)pid);
    life->depth = DEPTH_MOST - 1;
    if (map(ARENA, 40, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1) &&
        map(WORDS, 1, RW, MAP_SHARED | MAP_ANONYMOUS, -1))
        live(life, STEPS_OF_CHILD);
    leave(life, SYS_exit_group, 0);
}
