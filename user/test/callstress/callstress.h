// SPDX-License-Identifier: MIT
// callstress: main.c starts lives, watches them and compares what is left; life.c is a process that
// makes random calls; arguments.c and pieces.c invent arguments; calls.c says of which kind those of each
// call are.
#pragma once
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include "uapi/kine.h"

enum { PAGE_BYTES = 4096, CALLS_MOST = 128, SLOTS = 96, PROCESSES_MOST = 16, SCRATCH_BYTES = 16384 };
enum { SHARED_FD = 1000, FAIL_FD, LOG_FD }; // descriptors that no argument names

// Where a life has its memory. The arena is what calls map, unmap and write to; nothing of the program lies
// near it.
#define ARENA       0x1000000000ul
#define ARENA_PAGES 64
#define ARENA_FILE  (ARENA + 32ul * PAGE_BYTES) // a file, shared, until somebody maps something else there
#define ARENA_READ  (ARENA + 40ul * PAGE_BYTES) // may not be written
#define ARENA_NONE  (ARENA + 44ul * PAGE_BYTES) // may not be read
#define ARENA_HOLE  (ARENA + 48ul * PAGE_BYTES) // nothing
#define WORDS       0x1800000000ul              // futex words of a life and its children, all 0
#define EDGE        0x1900000000ul              // for each slot a page behind which there is none
#define EDGE_BYTES  (2ul * PAGE_BYTES)
#define SHARED      0x2345000000ul              // where no power of two leads to
#define ROOT        "/tmp/callstress"

enum kind {
    ADDRESS,
    ADVICE,
    ANY,
    ARGV,
    BREAK,
    BYTES,
    CALL_CLOCK,
    CHILD,
    CLOCK_FLAGS,
    CLONE_FLAGS,
    COMMAND,
    DEVICE,
    DIRECTORY,
    DIRFD,
    EXEC_PATH,
    FCNTL_ARGUMENT,
    FD,
    FILE_FD,
    FUTEX_OPERATION,
    HEAD,
    ICACHE_FLAGS,
    IOCTL,
    IOCTL_ARGUMENT,
    IOVEC,
    IOVEC_COUNT,
    IN,
    LENGTH,
    LIMIT,
    LINK_FLAGS,
    MAGIC,
    MAP_FLAGS,
    MEMFD_FLAGS,
    MODE,
    MOVE_FLAGS,
    NOT_MAGIC,
    OFFSET,
    OPEN_FLAGS,
    OUT,
    PATH,
    PID,
    PIPE_FLAGS,
    POLLFD,
    POLL_COUNT,
    PROT,
    RENAME_FLAGS,
    SEE_PATH,
    SET_BYTES,
    SIGACTION,
    SIGNAL,
    SMALL,
    STACK,
    STATUS,
    SYNC_FLAGS,
    TID,
    TIME,
    TIMES,
    WAIT_FLAGS,
    WHENCE,
    WORD,
};

struct call {
    const char *name;
    uint16_t number;
    uint8_t count, rare; // picked one time out of 1 + rare
    uint8_t kinds[6];
};
extern const struct call calls[];
extern const unsigned calls_count;

// A thread that makes calls. Free while pid is 0; negative: somebody who makes a thread has taken it.
struct slot {
    _Atomic int pid;
    int tid, process;
    unsigned generation, step, call;
    bool in_call;
    uint64_t arguments[6];
};
struct count {
    _Atomic unsigned made, good, bad, stuck;
};
struct shared {
    unsigned long magic, seed, until_ns;
    unsigned steps, processes, lives, deaths, sleepers;
    bool log;
    _Atomic int tickets;
    _Atomic unsigned steps_made[PROCESSES_MOST];
    struct count counts[CALLS_MOST];
    struct slot slots[SLOTS];
};
#define MAGIC_SHARED 0x63616c6c73747265ul
#define shared       ((struct shared *)SHARED)

// What a thread has for itself, in the memory of its process.
struct life {
    unsigned long random_state;
    struct slot *slot;
    unsigned depth; // how many clones lie between it and the supervisor
    int ticket;
    bool is_thread, has_edge;
    unsigned scratch_used;
    char scratch[SCRATCH_BYTES];
};

// Its own, or a name that one thread has put there would change under another.
static inline uint64_t edge_of(const struct life *life)
{
    return EDGE + (uint64_t)(life->slot - shared->slots) * EDGE_BYTES;
}

static inline unsigned long next_random(struct life *life)
{
    life->random_state = life->random_state * 6364136223846793005u + 1442695040888963407u;
    return life->random_state >> 24;
}

static inline unsigned below(struct life *life, unsigned limit)
{
    return (unsigned)(next_random(life) % limit);
}

// A system call that leaves errno alone.
static inline long raw(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 asm("a0") = a, a1 asm("a1") = b, a2 asm("a2") = c, a3 asm("a3") = d, a4 asm("a4") = e,
                     a5 asm("a5") = f, a7 asm("a7") = number;
    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}

static inline unsigned long now_ns(void)
{
    int64_t now[2];
    raw(SYS_clock_gettime, 1, (long)now, 0, 0, 0, 0);
    return (unsigned long)(now[0] * 1000000000 + now[1]);
}

// The lives of process number `process` have steps or time left.
static inline bool has_more(unsigned process)
{
    return shared->until_ns ? now_ns() < shared->until_ns : shared->steps_made[process] < shared->steps;
}

// One random call's arguments. => false: not this one, it would end the machine or the test's own ground
bool invent(struct life *life, const struct call *call, uint64_t arguments[6]);

// Takes a free slot. => NULL: there is none
struct slot *slot_take(int *ticket);

// A whole life of process number `process`, as a new child of the supervisor; or of a program that has been
// executed.
_Noreturn void life_begin(int process, unsigned generation);
_Noreturn void life_executed(void);
