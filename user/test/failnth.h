// SPDX-License-Identifier: MIT
// A sweep: an operation is tried with its first allocation failing, then with its second, and so on until it
// comes through untouched (/dev/fail-nth); and once more, with all later ones failing too. Each trial is a process of its own, which rehearses the operation
// first, so that what fails is the operation's and not a page fault of this program on the way there. It must
// end with an errno that fits, with the result it has anyhow (who did not get memory could do without), or be
// killed; and after each the machine has again what it had before: free frames, objects of each slab cache,
// free blocks and inodes.
#pragma once
#include <sys/mman.h>
#include "ktap.h"

struct operation {
    const char *name;
    void (*prepare)(void);
    int (*run)(void);       // 0 or an errno; WRONG: it said it was done, and was not
    void (*finish)(void);   // also after a failure, unless that killed the process
    bool (*unharmed)(void); // after a failure, before finish: is all as it was prepared?
    int other_error;        // besides ENOMEM
    bool once;              // cannot be rehearsed in the same process
};

enum { WRONG = 1000, POINTS_MOST = 3000, EXECUTED = 40, STACKS_KEPT = 10, SNAPSHOT_BYTES = 4096 };
enum { SETTLE_PAUSE_US = 1000, SETTLES_SHORT = 50, SETTLES_LONG = 3000 };

static int nth_fd;
static bool only_disk; // compare nothing but blocks and inodes
static bool all_later; // what fails is not one allocation, but all from there on
static struct outcome {
    bool over, harmed;
    int error;
    unsigned left;
} * outcome; // shared with the process that tries

// --- arm and disarm ---------------------------------------------------------------------------------------

static inline void arm(unsigned n)
{
    char text[12];
    int length = snprintf(text, sizeof text, "%u%s", n, n && all_later ? "+" : "");
    must(write(nth_fd, text, length) == length, "/dev/fail-nth");
}

static inline unsigned disarm(void)
{
    char text[12] = "";
    must(pread(nth_fd, text, sizeof text - 1, 0) > 0 && write(nth_fd, "0", 1) == 1, "/dev/fail-nth");
    return (unsigned)strtol(text, NULL, 10);
}

static inline int error_of(long result)
{
    return result < 0 ? errno : 0;
}

// For an operation that executes this program again, with the argument "left": the exit status says what it
// found.
static inline int executed(char *const argv[])
{
    nth_fd = atoi(argv[2]);
    return EXECUTED + (disarm() == 0);
}

// --- what the machine has ---------------------------------------------------------------------------------

static inline void snapshot(char text[SNAPSHOT_BYTES])
{
    struct statfs disk;
    must(syscall(SYS_statfs, "/tmp", &disk) == 0, "statfs");
    int at = snprintf(text, SNAPSHOT_BYTES, "blocks %lu\ninodes %lu\n", (long)disk.f_bfree, (long)disk.f_ffree);
    if (only_disk)
        return;
    int slabs = open("/proc/slabinfo", O_RDONLY); // its first line: frames
    ssize_t got = slabs < 0 ? -1 : read(slabs, text + at, SNAPSHOT_BYTES - 1 - at);
    must(got > 0 && got < SNAPSHOT_BYTES - 1 - at, "/proc/slabinfo");
    text[at + got] = '\0';
    close(slabs);
}

// What has ended is cleared away by others: wait for that, but not for ever.
static inline bool settles(const char *before, char *now, int patience)
{
    for (;; usleep(SETTLE_PAUSE_US)) {
        snapshot(now);
        if (strcmp(before, now) == 0 || patience-- == 0)
            return strcmp(before, now) == 0;
    }
}

static inline void print_differences(const char *before, const char *now)
{
    while (*before && *now) {
        int was = strcspn(before, "\n"), is = strcspn(now, "\n");
        if (was != is || memcmp(before, now, was))
            printf("#   was %.*s, is %.*s\n", was, before, is, now);
        before += was + (before[was] != 0);
        now += is + (now[is] != 0);
    }
}

// --- a trial ----------------------------------------------------------------------------------------------

static inline int once(const struct operation *operation, unsigned n)
{
    if (operation->prepare)
        operation->prepare();
    if (n == 0 && operation->unharmed) // also so that what runs then has its pages in memory
        must(operation->unharmed(), operation->name);
    arm(n);
    int error = operation->run();
    outcome->left = disarm();
    if (error && error != WRONG && operation->unharmed)
        outcome->harmed = !operation->unharmed();
    if (operation->finish)
        operation->finish();
    return error;
}

// => the wait status; *outcome tells the rest
static inline int trial(const struct operation *operation, unsigned n)
{
    *outcome = (struct outcome){0};
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        if (!operation->once)
            once(operation, 0);
        outcome->error = once(operation, n);
        outcome->over = true;
        _exit(0);
    }
    return reap(pid);
}

struct sweep {
    const struct operation *operation;
    unsigned n, failed, killed, absorbed;
    char before[SNAPSHOT_BYTES], now[SNAPSHOT_BYTES];
};

// => false: it does not end as it should
static inline bool judge(struct sweep *sweep, int status, bool *untouched)
{
    int error = outcome->error;
    if (!outcome->over && (killed(status, SIGKILL) || killed(status, SIGBUS))) {
        sweep->killed++;
        return true;
    }
    if (exited(status, EXECUTED) || exited(status, EXECUTED + 1)) {
        *untouched = exited(status, EXECUTED);
        sweep->absorbed += !*untouched;
        return true;
    }
    *untouched = outcome->over && outcome->left;
    sweep->absorbed += !*untouched && !error;
    sweep->failed += error != 0;
    return exited(status, 0) && !outcome->harmed &&
           (error == 0 || (!*untouched && (error == ENOMEM || error == sweep->operation->other_error)));
}

// An operation without any failure makes the caches what they were.
static inline bool leaves_nothing(struct sweep *sweep)
{
    if (settles(sweep->before, sweep->now, SETTLES_SHORT))
        return true;
    trial(sweep->operation, 0);
    return settles(sweep->before, sweep->now, SETTLES_LONG);
}

// => false: one of them does not end as it should
static inline bool sweep_points(struct sweep *sweep)
{
    const struct operation *operation = sweep->operation;
    bool good = true, untouched = false;
    snapshot(sweep->before);
    while (good && !untouched && sweep->n < POINTS_MOST) {
        int status = trial(operation, ++sweep->n);
        struct outcome was = *outcome;
        good = judge(sweep, status, &untouched);
        if (!good)
            printf("# %s: at %u: status %#x, error %d, left %u%s\n", operation->name, sweep->n, status,
                   was.error, was.left, was.harmed ? ", harmed" : "");
        if (!leaves_nothing(sweep)) {
            printf("# %s: after %u (status %#x, error %d):\n", operation->name, sweep->n, status, was.error);
            print_differences(sweep->before, sweep->now);
            good = false;
        }
    }
    printf("# %s%s: %u points: %u failed, %u killed, %u did without\n", operation->name,
           all_later ? ", all later too" : "", sweep->n - untouched, sweep->failed, sweep->killed, sweep->absorbed);
    return good && untouched;
}

static inline void sweep(const struct operation *operation)
{
    static struct sweep sweep;
    int status = 0;
    for (int warm = 0; warm < 3; warm++)
        status = trial(operation, 0);
    if (outcome->error == ENOSYS) {
        skip(operation->name, "not in this kernel");
        return;
    }
    bool good = outcome->over ? exited(status, 0) && !outcome->error : exited(status, EXECUTED + 1);
    usleep(SETTLES_SHORT * SETTLE_PAUSE_US);
    for (int all = 0; all < 2; all++) {
        all_later = all;
        sweep = (struct sweep){.operation = operation};
        good = good && sweep_points(&sweep);
    }
    all_later = false;
    ok(good, "%s", operation->name);
}

// For start_sweeps: kernel stacks are kept for the next, so many as have ever been in use at once: more than
// a trial needs.
static int wait_for_end(void *ends)
{
    char byte;
    close(((int *)ends)[1]);
    return (int)read(((int *)ends)[0], &byte, 1);
}

static inline void start_sweeps(void)
{
    int ends[2];
    pid_t pids[STACKS_KEPT];
    nth_fd = open("/dev/fail-nth", O_RDWR);
    outcome = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(nth_fd >= 0 && outcome != MAP_FAILED && pipe(ends) == 0, "/dev/fail-nth");
    for (int i = 0; i < STACKS_KEPT; i++)
        pids[i] = start(wait_for_end, ends);
    close(ends[1]);
    for (int i = 0; i < STACKS_KEPT; i++)
        reap(pids[i]);
    close(ends[0]);
}

// The body of a test: sweeps over all of them, in a directory of its own.
static inline int sweep_all(const char *directory, const struct operation *operations, size_t count)
{
    work_in(directory);
    start_sweeps();
    for (size_t i = 0; i < count; i++)
        sweep(&operations[i]);
    return done();
}
