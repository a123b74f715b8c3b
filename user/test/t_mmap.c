// SPDX-License-Identifier: MIT
// mmap, munmap, mprotect: anonymous memory and private mappings of files.
#include <sys/mman.h>
#include <time.h>
#include "ktap.h"

static int store(void *address)
{
    *(volatile char *)address = 1;
    return 0;
}

static int load(void *address)
{
    (void)*(volatile char *)address;
    return 0;
}

static char *map(size_t pages, int protection)
{
    char *memory = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    return memory;
}

static void anonymous(void)
{
    char *memory = map(8, PROT_READ | PROT_WRITE);
    ok(((unsigned long)memory & (PAGE - 1)) == 0 && filled(memory, 0, 8 * PAGE), "anonymous memory is zero");
    memset(memory, 7, 8 * PAGE);
    ok(munmap(memory + 3 * PAGE, 2 * PAGE) == 0, "a hole in the middle");
    ok(killed(in_child(load, memory + 3 * PAGE), SIGSEGV) &&
           killed(in_child(load, memory + 5 * PAGE - 1), SIGSEGV),
       "is not there");
    ok(filled(memory, 7, 3 * PAGE) && filled(memory + 5 * PAGE, 7, 3 * PAGE), "its neighbours are");
    char *hole = mmap(memory + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ok(hole == memory + 3 * PAGE && filled(hole, 0, 2 * PAGE), "MAP_FIXED fills it with zeros");
    ok(munmap(memory, 8 * PAGE) == 0 && munmap(memory, 8 * PAGE) == 0, "munmap twice");
    ok(killed(in_child(store, memory), SIGSEGV), "all is gone");
    fails(munmap(memory + 1, PAGE), EINVAL, "munmap at an odd address");
    fails((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL, "mmap of nothing");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL, "neither shared nor private");
    fails((long)mmap(NULL, 1UL << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM,
          "more than there is room");
    char *most = mmap(NULL, 150UL << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    fails((long)mmap(NULL, 150UL << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM, "than is left");
    ok(most != MAP_FAILED && munmap(most, 150UL << 30) == 0, "the first one was there");
}

static void protections(void)
{
    char *memory = map(4, PROT_READ | PROT_WRITE);
    memset(memory, 3, 4 * PAGE);
    ok(mprotect(memory + PAGE, 2 * PAGE, PROT_READ) == 0 && memory[PAGE] == 3, "read-only pages can be read");
    ok(killed(in_child(store, memory + PAGE), SIGSEGV), "not written");
    ok(exited(in_child(store, memory), 0) && exited(in_child(store, memory + 3 * PAGE), 0),
       "those around them can");
    ok(mprotect(memory + PAGE, PAGE, PROT_NONE) == 0 && killed(in_child(load, memory + PAGE), SIGSEGV),
       "PROT_NONE");
    ok(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE) == 0 && filled(memory, 3, 4 * PAGE),
       "and all as it was");
    memory[PAGE] = 4;
    ok(memory[PAGE] == 4 && exited(in_child(store, memory + PAGE), 0) && memory[PAGE] == 4,
       "written again, and by a child");
    munmap(memory + 2 * PAGE, PAGE);
    fails(mprotect(memory, 4 * PAGE, PROT_READ), ENOMEM, "mprotect over a hole");
    char *none = map(1, PROT_NONE);
    ok(killed(in_child(load, none), SIGSEGV), "memory mapped without any right");
    fails(syscall(SYS_getcwd, none, PAGE), EFAULT, "nor may the kernel write there");
}

static void files(void)
{
    char byte, *text;
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, 2 * PAGE + 100) == 0 && pwrite(fd, "begin", 5, 0) == 5, "file");
    must(pwrite(fd, "second", 6, PAGE) == 6 && pwrite(fd, "end", 3, 2 * PAGE + 97) == 3, "file");
    text = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (!ok(text != MAP_FAILED, "a private mapping of a file"))
        return;
    ok(memcmp(text, "begin", 5) == 0 && memcmp(text + 2 * PAGE + 97, "end\0\0\0", 6) == 0,
       "shows its bytes, then zeros");
    text[0] = 'X';
    ok(pread(fd, &byte, 1, 0) == 1 && byte == 'b', "a write stays out of the file");
    ok(exited(in_child(store, text + PAGE), 0) && text[PAGE] == 's', "a child's write stays with the child");
    must(pread(fd, text + PAGE, 5, 0) == 5, "pread");
    ok(memcmp(text + PAGE, "begind", 6) == 0 && pread(fd, &byte, 1, PAGE) == 1 && byte == 's',
       "read(2) into it too");
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
    close(fd);
    ok(second != MAP_FAILED && memcmp(second, "second", 6) == 0, "from an offset, after close");
    ok(killed(in_child(store, second), SIGSEGV), "read-only is read-only");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EBADF, "of a closed file");
    fd = open("file", O_RDONLY);
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL, "from an odd offset");
    ok(munmap(text, 3 * PAGE) == 0 && munmap(second, PAGE) == 0, "unmapped");
}

static void places(void)
{
    char *memory = map(4, PROT_READ | PROT_WRITE);
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
    fails((long)mmap(memory + 3 * PAGE, 2 * PAGE, PROT_READ, flags, -1, 0), EEXIST, "MAP_FIXED_NOREPLACE on something");
    must(munmap(memory + 2 * PAGE, PAGE) == 0, "munmap");
    ok(mmap(memory + 2 * PAGE, PAGE, PROT_READ, flags, -1, 0) == memory + 2 * PAGE, "and into a hole");
    ok(mmap(memory, 0x1000, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != memory, "a hint that is taken");
    munmap(memory, 4 * PAGE);
    ok(mmap(memory, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_LOCKED, -1, 0) == memory,
       "one that is free");
    size_t huge = (size_t)64 << 30;
    fails((long)mmap(NULL, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM, "more than all memory");
    char *room = mmap(NULL, huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    ok(room != MAP_FAILED && (room[huge - 1] = 1) && room[huge / 2] == 0, "with MAP_NORESERVE it may be");
    char *none = mmap(NULL, huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ok(none != MAP_FAILED && munmap(none, huge) == 0 && munmap(room, huge) == 0, "and without any right");
}

static bool is_resident(const char *memory, const char *expected)
{
    unsigned char vector[8];
    size_t pages = strlen(expected);
    bool same = mincore((void *)memory, pages * PAGE - 1, vector) == 0;
    for (size_t i = 0; i < pages; i++)
        same &= vector[i] == expected[i] - '0';
    return same;
}

static void advice(void)
{
    unsigned char vector[4];
    char *memory = map(4, PROT_READ | PROT_WRITE);
    ok(is_resident(memory, "0000"), "mincore of untouched memory");
    memset(memory, 1, 3 * PAGE);
    ok(is_resident(memory, "1110"), "and of memory in use");
    must(mprotect(memory + PAGE, PAGE, PROT_READ) == 0, "mprotect");
    ok(is_resident(memory, "1110"), "and over three mappings");
    must(mprotect(memory + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0, "mprotect");
    ok(madvise(memory + PAGE, PAGE, MADV_DONTNEED) == 0 && is_resident(memory, "1010"), "MADV_DONTNEED");
    ok(filled(memory + PAGE, 0, PAGE) && filled(memory, 1, PAGE), "next it is zero");
    ok(madvise(memory, 3 * PAGE, MADV_FREE) == 0 && filled(memory, 0, 4 * PAGE), "MADV_FREE");
    ok(madvise(memory, 4 * PAGE, MADV_SEQUENTIAL) == 0 && madvise(memory, 4 * PAGE, MADV_HUGEPAGE) == 0 &&
           madvise(memory, 4 * PAGE, MADV_WILLNEED) == 0 && madvise(memory, 0, MADV_NORMAL) == 0,
       "other advice");
    fails(madvise(memory, PAGE, 77), EINVAL, "unknown advice");
    fails(madvise(memory, PAGE, MADV_WIPEONFORK), EINVAL, "advice that cannot be followed");
    fails(madvise(memory + 1, PAGE, MADV_NORMAL), EINVAL, "advice on an odd address");
    fails(mincore(memory + 1, PAGE, vector), EINVAL, "mincore at an odd address");
    fails(mincore(memory, PAGE, NULL), EFAULT, "mincore without a vector");
    memset(memory, 2, 4 * PAGE);
    munmap(memory + PAGE, PAGE);
    fails(mincore(memory, 4 * PAGE, vector), ENOMEM, "mincore over a hole");
    fails(madvise(memory, 4 * PAGE, MADV_RANDOM), ENOMEM, "advice over a hole");
    fails(madvise(memory, 4 * PAGE, MADV_DONTNEED), ENOMEM, "MADV_DONTNEED over a hole");
    ok(filled(memory, 0, PAGE) && filled(memory + 2 * PAGE, 0, 2 * PAGE), "it has done its work");
    fails(madvise((void *)-PAGE, 2 * PAGE, MADV_DONTNEED), EINVAL, "a range that wraps around");
    fails(mincore((void *)(1UL << 60), PAGE, vector), ENOMEM, "mincore of no address");
    fails(madvise((void *)(1UL << 60), PAGE, MADV_DONTNEED), ENOMEM, "MADV_DONTNEED of no address");

    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, 4 * PAGE) == 0, "file");
    char *file = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    ok(is_resident(file, "000000") && pwrite(fd, "c", 1, 3 * PAGE) == 1 && is_resident(file, "000100"),
       "mincore of a file's pages: one is in the cache, though nobody has used the mapping");
    file[2 * PAGE] = 'p';
    must(pwrite(fd, "f", 1, 2 * PAGE) == 1, "pwrite");
    ok(file[2 * PAGE] == 'p' && madvise(file, 6 * PAGE, MADV_DONTNEED) == 0 && file[2 * PAGE] == 'f',
       "MADV_DONTNEED: a private page is the file's again");
    char *populated = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ok(is_resident(populated, "1111") && filled(populated, 0, 4 * PAGE), "MAP_POPULATE");
    munmap(file, 6 * PAGE), munmap(populated, 4 * PAGE);
    close(fd);
}

// Every second one without rights, so that they do not become one.
#define MANY 10000

static void many(void)
{
    char **maps = malloc(MANY * sizeof *maps);
    bool good = maps;
    for (int i = 0; good && i < MANY; i++) {
        maps[i] = mmap(NULL, PAGE, i % 2 ? PROT_READ : PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        good = maps[i] != MAP_FAILED && (i % 2 || (maps[i][7] = (char)i, true));
    }
    ok(good, "ten thousand mappings");
    for (int i = 0; good && i < MANY; i++)
        good = maps[i][7] == (i % 2 ? 0 : (char)i);
    ok(good, "each with its own page");
    for (int i = 0; good && i < MANY; i += 3)
        good = munmap(maps[i], PAGE) == 0;
    for (int i = 0; good && i < MANY; i += 3)
        good = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == maps[i];
    ok(good, "a new one goes into the lowest hole");
    for (int i = 0; good && i < MANY; i++)
        good = munmap(maps[i], PAGE) == 0;
    ok(good, "all unmapped");
    free(maps);
}

// --- calls that take long can be killed -------------------------------------------------------------------

#define LOOK_BYTES     ((size_t)8 << 30)
#define POPULATE_BYTES ((size_t)100 << 30)

static volatile unsigned char *told; // of each page of so much, by mincore
static volatile bool *begun;

static void *map_much(size_t bytes, int more_flags)
{
    return mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | more_flags, -1, 0);
}

static int look_at_much(void *unused)
{
    return mincore(map_much(LOOK_BYTES, 0), LOOK_BYTES, (unsigned char *)told);
}

static int populate_much(void *unused)
{
    *begun = true;
    return map_much(POPULATE_BYTES, MAP_POPULATE) == MAP_FAILED;
}

// => whether it ended before it had told of the last page
static bool killed_while_looking(void)
{
    told[0] = told[LOOK_BYTES / PAGE - 1] = 2;
    pid_t pid = start(look_at_much, NULL);
    while (told[0] == 2)
        syscall(SYS_sched_yield);
    kill(pid, SIGKILL);
    return killed(reap(pid), SIGKILL) && told[LOOK_BYTES / PAGE - 1] == 2;
}

static long now_seconds(void)
{
    struct timespec now;
    must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
    return now.tv_sec;
}

// Nothing but its time tells how far it came. All of it takes minutes, what is allowed here is much too long.
static bool killed_while_populating(void)
{
    long start_seconds = now_seconds();
    *begun = false;
    pid_t pid = start(populate_much, NULL);
    while (!*begun)
        syscall(SYS_sched_yield);
    usleep(2000);
    kill(pid, SIGKILL);
    return killed(reap(pid), SIGKILL) && now_seconds() - start_seconds < 20;
}

// A machine that stood still for a while may have been late with the signal: more than one try.
static void killing(void)
{
    bool good = false;
    told = mmap(NULL, LOOK_BYTES / PAGE + PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    begun = (void *)(told + LOOK_BYTES / PAGE);
    must(told != MAP_FAILED, "mmap");
    for (int i = 0; i < 5 && !good; i++)
        good = killed_while_looking();
    ok(good, "mincore of very much can be killed");
    good = killed_while_populating() || killed_while_populating();
    ok(good, "and MAP_POPULATE");
    munmap((void *)told, LOOK_BYTES / PAGE + PAGE);
}

int main(void)
{
    work_in("t_mmap");
    anonymous();
    protections();
    files();
    places();
    advice();
    many();
    killing();
    return done();
}
