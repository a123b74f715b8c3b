// SPDX-License-Identifier: MIT
// Little memory (./kine run --mem 24M) and no swap: files larger than it, caches that shrink, and one process that must
// go, the right one. A kernel without optional parts takes no mapped page back and kills whoever asks.
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include "ktap.h"

enum { CHUNK = 16 * PAGE, THIRDS = 3, NAMES = 1200 };

static bool whole; // a kernel with its optional parts

static unsigned long free_pages(void)
{
    struct sysinfo info;
    must(sysinfo(&info) == 0, "sysinfo");
    return info.freeram;
}

static char *take(size_t pages)
{
    char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    for (size_t page = 0; page < pages; page++)
        memory[page * PAGE] = 't';
    return memory;
}

// --- files larger than memory -----------------------------------------------------------------------------

static unsigned long *chunk(size_t number)
{
    static unsigned long words[CHUNK / sizeof(long)];
    for (size_t i = 0; i < CHUNK / sizeof(long); i++)
        words[i] = number << 32 | i;
    return words;
}

static void through_mappings(int fd, size_t bytes)
{
    char *map[THIRDS];
    for (int third = 0; third < THIRDS; third++) {
        map[third] = mmap(NULL, bytes / THIRDS, PROT_READ, MAP_PRIVATE, fd, (off_t)bytes / THIRDS * third);
        must(map[third] != MAP_FAILED, "mmap");
    }
    size_t good = 0, chunks = bytes / CHUNK;
    for (size_t i = 0; i < chunks; i++)
        good += !memcmp(map[i * THIRDS / chunks] + i % (chunks / THIRDS) * CHUNK, chunk(i), CHUNK);
    ok(good == chunks, "and all of it through mappings");
    for (int third = 0; third < THIRDS; third++)
        must(munmap(map[third], bytes / THIRDS) == 0, "munmap");
}

static void large_file(size_t bytes)
{
    static char back[CHUNK];
    size_t good = 0, chunks = bytes / CHUNK;
    int fd = open("large", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (size_t i = 0; i < chunks; i++)
        good += write(fd, chunk(i), CHUNK) == CHUNK;
    ok(good == chunks, "%zu MiB written", bytes >> 20);
    good = 0;
    for (size_t i = 0; i < chunks; i++)
        good += pread(fd, back, CHUNK, (off_t)(chunks - 1 - i) * CHUNK) == CHUNK && !memcmp(back, chunk(chunks - 1 - i), CHUNK);
    ok(good == chunks, "and read back, from the end");
    if (whole)
        through_mappings(fd, bytes);
    must(close(fd) == 0 && unlink("large") == 0, "large");
}

// --- caches -----------------------------------------------------------------------------------------------

static void make_names(void)
{
    char name[16];
    struct stat status;
    size_t good = 0;
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "f%d", i);
        int fd = open(name, O_WRONLY | O_CREAT, 0600);
        good += fd >= 0 && write(fd, name, strlen(name)) > 0 && close(fd) == 0 && stat(name, &status) == 0;
        snprintf(name, sizeof name, "none%d", i);
        good += stat(name, &status) < 0;
    }
    ok(good == 2 * NAMES, "%d files made and found, %d not found", NAMES, NAMES);
}

static void caches(void)
{
    forget_caches();
    unsigned long before = free_pages();
    make_names();
    must(syscall(SYS_sync) == 0, "sync");
    unsigned long cached = free_pages();
    ok(killed(in_child(take_until_killed, NULL), SIGKILL), "who takes all memory is killed");
    unsigned long after = free_pages();
    ok(after + 48 >= before, "names, inodes and pages are given up: %lu pages free, %lu while cached, %lu before", after,
       cached, before);
}

// --- the one that goes ------------------------------------------------------------------------------------

// Takes what is free but for a little, says so, and sleeps.
static int sleep_on_it(void *ends)
{
    char c = 0;
    char *memory = take(free_pages() - 256);
    must(write(((int *)ends)[1], &c, 1) == 1, "write");
    read(((int *)ends)[2], &c, 1);
    return memory[0] != 't';
}

static int take_some(void *unused)
{
    char *memory = take(1500);
    return filled(memory, 't', 1) ? 0 : 1;
}

static int take_by_read(void *unused) // the kernel's stores want memory
{
    int fd = open("/dev/zero", O_RDONLY);
    char *memory = mmap(NULL, 1500 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return read(fd, memory, 1500 * PAGE) == 1500 * PAGE ? 0 : 1;
}

static void the_biggest_goes(int (*small)(void *), const char *how)
{
    int ends[4];
    char c;
    must(pipe(ends) == 0 && pipe(ends + 2) == 0, "pipe");
    pid_t big = start(sleep_on_it, ends);
    must(read(ends[0], &c, 1) == 1, "read");
    ok(exited(in_child(small, NULL), 0), "a small process gets what it wants %s", how);
    ok(killed(reap(big), SIGKILL), "a big one that sleeps has gone for it");
    for (int i = 0; i < 4; i++)
        close(ends[i]);
}

// A parent that waits has as much as its child when that has written to all of it, and is not to blame.
static int child_writes_all(void *unused)
{
    size_t pages = free_pages() / 8 * 5;
    char *memory = take(pages);
    int status = -1;
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        for (size_t page = 0; page < pages; page++)
            memory[page * PAGE] = 'c';
        _exit(0);
    }
    status = reap(pid);
    for (size_t page = 0; page < pages; page++)
        if (memory[page * PAGE] != 't')
            return 1;
    return killed(status, SIGKILL) ? 0 : 2;
}

// All want everything at once: in the end nobody hangs, and a bystander is whole.
static int stand_by(void *fd)
{
    char c;
    char *memory = take(32);
    return read(*(int *)fd, &c, 1) == 0 && memory[31 * PAGE] == 't' ? 0 : 1;
}

static void all_at_once(void)
{
    int ends[2], gone = 0;
    pid_t takers[4];
    must(pipe(ends) == 0, "pipe");
    pid_t bystander = fork();
    if (bystander == 0) {
        close(ends[1]);
        _exit(stand_by(ends));
    }
    for (int i = 0; i < 4; i++)
        takers[i] = start(take_until_killed, NULL);
    for (int i = 0; i < 4; i++)
        gone += killed(reap(takers[i]), SIGKILL);
    close(ends[1]);
    ok(gone == 4 && exited(reap(bystander), 0), "four take all there is and go, a bystander stays");
}

int main(void)
{
    struct sysinfo info;
    must(sysinfo(&info) == 0, "sysinfo");
    if (info.totalram > 8000 || info.totalswap) {
        skip("pressure", "too much memory");
        return done();
    }
    whole = access("/proc/swaps", F_OK) == 0;
    work_in("pressure");
    large_file((size_t)36 << 20);
    caches();
    if (!whole)
        return done();
    the_biggest_goes(take_some, "by touching it");
    the_biggest_goes(take_by_read, "by read(2)");
    ok(exited(in_child(child_writes_all, NULL), 0), "a child that writes too much goes, not the parent that waits");
    all_at_once();
    return done();
}
