// SPDX-License-Identifier: MIT
// callstress [SEED [STEPS [PROCESSES [SECONDS [log]]]]]: every system call that the kernel has, with random
// arguments that know their types, from processes and threads that share memory and descriptors, fork,
// execute, are killed and run out of memory. It looks for what stops the machine and for what it does not get
// back, not for what a call should have done. SECONDS instead of the fixed number of steps; log: each call is
// printed before it is made. This file is the supervisor. A thread that makes no step for a while sleeps for
// ever and is killed; one that cannot be killed is an error. callstress.h says what the other files do.
#include "callstress.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include "../ktap.h"

enum { WATCH_US = 5000, ASLEEP_NS = 250000000, TICKET_NS = 2000000000, SETTLE_US = 2000, SETTLES = 1000 };
enum { SNAPSHOT_BYTES = 4096, BARREN_MOST = 1000 };
#define NEVER_ENDS_NS 60000000000ul

static struct watch {
    int pid;
    unsigned step;
    unsigned long since_ns;
    bool killed;
} watches[SLOTS];
static struct worker {
    pid_t pid;
    unsigned generation, steps_before, barren; // lives in a row that have made no step
} workers[PROCESSES_MOST];

// --- what the machine has ---------------------------------------------------------------------------------

static long read_text(const char *path, char *text, size_t bytes)
{
    int fd = open(path, O_RDONLY);
    long got = fd < 0 ? -1 : read(fd, text, bytes - 1);
    text[got > 0 ? got : 0] = '\0';
    close(fd);
    return got;
}

static unsigned long number_after(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at ? strtoul(at + strlen(word), NULL, 10) : 0;
}

// Frames that are free, cut into objects, or keep what can be read again; objects but those of such caches.
static void snapshot(char text[SNAPSHOT_BYTES])
{
    static const char *const caches[] = {"inode ", "dentry ", "kmalloc-16 ", "kmalloc-576 ", "kmalloc-256 "};
    static char all[SNAPSHOT_BYTES], memory[1000];
    struct statfs disk;
    memset(all, 0, sizeof all);
    must(syscall(SYS_statfs, "/tmp", &disk) == 0, "statfs");
    must(read_text("/proc/meminfo", memory, sizeof memory) > 0, "/proc/meminfo");
    bool has_slabs = read_text("/proc/slabinfo", all, sizeof all) > 0;
    int at =
        snprintf(text, SNAPSHOT_BYTES, "blocks %lu\ninodes %lu\n", (long)disk.f_bfree, (long)disk.f_ffree);
    if (!has_slabs) // and so nobody knows how many frames are cut into objects
        return;
    at += snprintf(text + at, SNAPSHOT_BYTES - at, "frames %lu\n",
                   number_after(all, "frames ") + number_after(memory, "Cached:") / 4);
    for (char *line = strchr(all, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
        bool is_cache = false;
        for (unsigned i = 0; i < sizeof caches / sizeof *caches; i++)
            is_cache |= strncmp(line + 1, caches[i], strlen(caches[i])) == 0;
        int bytes = (int)strcspn(line + 1, "\n");
        is_cache |=
            line[1 + strcspn(line + 1, " ")] == ' ' && line[2 + strcspn(line + 1, " ")] == '0'; // it has none
        if (!is_cache)
            at += snprintf(text + at, SNAPSHOT_BYTES - at, "%.*s\n", bytes, line + 1);
    }
}

static bool settles(const char *before, char *now)
{
    for (int left = SETTLES; left; left--) {
        snapshot(now);
        if (strcmp(before, now) == 0)
            return true;
        usleep(SETTLE_US);
        sync(); // also frees the inodes for which there was no memory when they went
    }
    return false;
}

static void print_differences(const char *before, const char *now)
{
    while (*before && *now) {
        int was = (int)strcspn(before, "\n"), is = (int)strcspn(now, "\n");
        if (was != is || memcmp(before, now, was))
            printf("#   was %.*s, is %.*s\n", was, before, is, now);
        before += was + (before[was] != 0);
        now += is + (now[is] != 0);
    }
}

// --- the ground -------------------------------------------------------------------------------------------

// => false: it stays
static bool remove_tree(int directory, const char *name)
{
    int fd = (int)syscall(SYS_openat, directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    if (fd < 0)
        return unlinkat(directory, name, 0) == 0;
    static char buffers[2048]; // what it holds is used up before the next level uses it
    for (bool again = true; again;) {
        again = false;
        lseek(fd, 0, SEEK_SET);
        memset(buffers, 0, sizeof buffers); // all its pages are there from the first time on
        long got = getdents64(fd, buffers, sizeof buffers);
        for (long at = 0; at < got && !again;) {
            struct dirent *entry = (struct dirent *)(buffers + at);
            at += entry->d_reclen;
            if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
                char one[256];
                strcpy(one, entry->d_name);
                again = remove_tree(fd, one); // from the start: the buffer and the positions are others now
                if (!again)
                    got = 0;
            }
        }
    }
    close(fd);
    return unlinkat(directory, name, AT_REMOVEDIR) == 0;
}

static void put_file(const char *path, const char *text, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
    must(fd >= 0 && write(fd, text, bytes) == (ssize_t)bytes, path);
    close(fd);
}

static void make_ground(void)
{
    static char program[64 << 10];
    char name[40];
    must(mkdir(ROOT, 0777) == 0, ROOT);
    for (unsigned p = 0; p <= shared->processes; p++) {
        snprintf(name, sizeof name, ROOT "/%u", p);
        must(mkdir(name, 0777) == 0, name);
    }
    int fd = open("/bin/true", O_RDONLY);
    ssize_t bytes = read(fd, program, sizeof program);
    must(bytes > 0 && bytes < (ssize_t)sizeof program, "/bin/true");
    close(fd);
    put_file(ROOT "/program", program, bytes);
    put_file(ROOT "/script", "#!/bin/true\n", 12);
}

// --- watching ---------------------------------------------------------------------------------------------

static bool is_gone(int pid)
{
    char path[32], text[200];
    if (kill(pid, 0) < 0)
        return true;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    return read_text(path, text, sizeof text) <= 0 || strstr(text, ") Z ");
}

static void tell(const struct slot *slot)
{
    const uint64_t *a = slot->arguments;
    printf("#   process %d generation %u, pid %d tid %d, step %u%s: %s(%#lx, %#lx, %#lx, %#lx, %#lx, %#lx)\n",
           slot->process, slot->generation, slot->pid, slot->tid, slot->step, slot->in_call ? "" : " done",
           calls[slot->call].name, a[0], a[1], a[2], a[3], a[4], a[5]);
}

// => false: it was killed long ago and is still there
static bool watch(unsigned number, unsigned long now, bool all)
{
    struct slot *slot = &shared->slots[number];
    struct watch *seen = &watches[number];
    int pid = slot->pid;
    if (pid != seen->pid || (slot->step != seen->step && !seen->killed)) {
        *seen = (struct watch){.pid = pid, .step = slot->step, .since_ns = now};
        if (!all || pid <= 0)
            return true;
    }
    if (pid < 0 && now - seen->since_ns > TICKET_NS)
        atomic_compare_exchange_strong(&slot->pid, &pid, 0);
    if (pid <= 0 || (!all && now - seen->since_ns < ASLEEP_NS))
        return true;
    if (is_gone(pid)) {
        atomic_compare_exchange_strong(&slot->pid, &pid, 0);
        return true;
    }
    if (!seen->killed) {
        shared->sleepers += !all;
        shared->counts[slot->call].stuck += slot->in_call && !all;
        seen->killed = true;
        seen->since_ns = now;
        kill(pid, SIGKILL);
    }
    if (now - seen->since_ns < NEVER_ENDS_NS)
        return true;
    printf("# cannot be killed:\n");
    tell(slot);
    return false;
}

static bool watch_all(bool all)
{
    unsigned long now = now_ns();
    bool good = true;
    for (unsigned i = 0; i < SLOTS && good; i++)
        good = watch(i, now, all);
    return good;
}

static bool nobody_left(void)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < SLOTS; i++)
        taken += shared->slots[i].pid != 0;
    return taken == 0;
}

// --- lives ------------------------------------------------------------------------------------------------

// => false: no life of this process comes to its first step any more, and so there would be no end
static bool start_life(unsigned process)
{
    struct worker *worker = &workers[process];
    unsigned generation = worker->generation++, steps = shared->steps_made[process];
    worker->barren = steps == worker->steps_before ? worker->barren + 1 : 0;
    worker->steps_before = steps;
    if (worker->barren > BARREN_MOST) {
        printf("# process %u: the last %u lives have made no step\n", process, BARREN_MOST);
        return false;
    }
    pid_t pid = fork();
    if (pid == 0)
        life_begin((int)process, generation);
    worker->pid = pid > 0 ? pid : 0;
    shared->lives += pid > 0;
    return true;
}

static void reap_all(void)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (unsigned p = 0; p < shared->processes; p++)
            if (workers[p].pid == pid) {
                workers[p].pid = 0;
                shared->deaths += !WIFEXITED(status);
            }
}

// => false: somebody cannot be killed, or cannot begin
static bool run(void)
{
    bool good = true, busy = true;
    while (good && busy) {
        busy = false;
        for (unsigned p = 0; p < shared->processes; p++) {
            if (!workers[p].pid && has_more(p))
                good &= start_life(p);
            busy |= workers[p].pid != 0;
        }
        usleep(WATCH_US);
        reap_all();
        good &= watch_all(false);
    }
    while (good && !nobody_left()) {
        good = watch_all(true);
        reap_all();
        usleep(WATCH_US);
    }
    return good;
}

// --- the whole --------------------------------------------------------------------------------------------

static void make_shared(int argc, char **argv)
{
    int memory = memfd_create("callstress", 0), fail = open("/dev/fail-nth", O_RDWR), bytes = sizeof *shared;
    must(memory >= 0 && ftruncate(memory, bytes) == 0 && dup2(memory, SHARED_FD) == SHARED_FD, "memory");
    must(mmap((void *)SHARED, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, SHARED_FD, 0) !=
             MAP_FAILED,
         "mmap");
    close(memory);
    if (fail >= 0)
        must(dup2(fail, FAIL_FD) == FAIL_FD && close(fail) == 0, "/dev/fail-nth");
    must(dup2(1, LOG_FD) == LOG_FD, "console");
    memset(shared, 0, sizeof *shared); // all pages are there before they are counted
    memset(watches, 0, sizeof watches);
    memset(workers, 0, sizeof workers);
    unsigned long seconds = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;
    shared->magic = MAGIC_SHARED;
    shared->seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
    shared->steps = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 400;
    shared->processes = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 0) : 3;
    shared->until_ns = seconds ? now_ns() + seconds * 1000000000 : 0;
    shared->log = argc > 5;
    must(shared->processes >= 1 && shared->processes <= PROCESSES_MOST, "processes: 1 to 16");
}

static bool was_executed(void)
{
    struct stat status;
    return fstat(SHARED_FD, &status) == 0 && status.st_size == sizeof(*shared) &&
           mmap((void *)SHARED, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, SHARED_FD,
                0) == (void *)SHARED &&
           shared->magic == MAGIC_SHARED;
}

static int wait_for_end(void *ends)
{
    char byte;
    close(((int *)ends)[1]);
    return (int)read(((int *)ends)[0], &byte, 1);
}

// Kernel stacks are kept, so many as have ever been in use at once; and each life leaves something in a
// cache.
static void warm_up(void)
{
    int ends[2];
    pid_t pids[SLOTS + PROCESSES_MOST];
    must(pipe(ends) == 0, "pipe");
    for (unsigned i = 0; i < SLOTS + PROCESSES_MOST; i++)
        pids[i] = start(wait_for_end, ends);
    close(ends[1]);
    for (unsigned i = 0; i < SLOTS + PROCESSES_MOST; i++)
        reap(pids[i]);
    close(ends[0]);
}

static void report(void)
{
    unsigned long made = 0, good = 0;
    for (unsigned i = 0; i < calls_count; i++) {
        const struct count *count = &shared->counts[i];
        printf("# %-18s %8u made %8u good %8u refused %6u asleep\n", calls[i].name, count->made, count->good,
               count->bad, count->stuck);
        made += count->made;
        good += count->good;
    }
    printf("# %lu calls, %lu good; %u lives, %u ended by a signal; %u slept for too long\n", made, good,
           shared->lives, shared->deaths, shared->sleepers);
    for (unsigned i = 0; i < calls_count; i++)
        if (!shared->counts[i].good || !shared->counts[i].bad)
            printf("# %s: never %s\n", calls[i].name, shared->counts[i].good ? "refused" : "good");
}

// So many pages as the stack ever needs are there before they are counted.
static void use_stack(void)
{
    volatile char deep[64 << 10];
    for (unsigned at = 0; at < sizeof deep; at += PAGE)
        deep[at] = 1;
}

int main(int argc, char **argv)
{
    static char before[SNAPSHOT_BYTES], now[SNAPSHOT_BYTES];
    struct termios terminal;
    if (was_executed())
        life_executed();
    make_shared(argc, argv);
    must(ioctl(1, TCGETS, &terminal) == 0, "console");
    printf("# seed %lu, %u steps, %u processes\n", shared->seed, shared->steps, shared->processes);
    snapshot(before); // all that it needs is there before anything is counted
    memset(before, 0, sizeof before);
    memset(now, 0, sizeof now);
    use_stack();
    warm_up();
    make_ground();
    must(remove_tree(AT_FDCWD, ROOT), "remove");
    forget_caches();
    snapshot(before);
    make_ground();
    bool good = run();
    ioctl(1, TCSETS, &terminal);
    report();
    if (!ok(good, "all calls came to an end"))
        return done();
    ok(remove_tree(AT_FDCWD, ROOT), "all files can be removed");
    forget_caches();
    good = settles(before, now);
    if (!good)
        print_differences(before, now);
    ok(good, "nothing is left");
    return done();
}
