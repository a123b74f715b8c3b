// SPDX-License-Identifier: MIT
// mremap: longer, shorter, elsewhere, over something, twice; and what it refuses.
#include <sys/mman.h>
#include "ktap.h"

#define RW (PROT_READ | PROT_WRITE)

static int load(void *address)
{
    (void)*(volatile char *)address;
    return 0;
}

static bool gone(char *address)
{
    return killed(in_child(load, address), SIGSEGV);
}

static char *map(size_t pages, int flags)
{
    char *memory = mmap(NULL, pages * PAGE, RW, flags | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    return memory;
}

// Memory with free pages on both sides; page i is filled with i + 1.
static char *make(size_t pages, int flags)
{
    char *room = map(3 * pages + 8, MAP_PRIVATE), *memory = room + (pages + 4) * PAGE;
    must(munmap(room, (3 * pages + 8) * PAGE) == 0, "munmap");
    must(mmap(memory, pages * PAGE, RW, flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory, "mmap");
    for (size_t i = 0; i < pages; i++)
        memset(memory + i * PAGE, (int)i + 1, PAGE);
    return memory;
}

static bool is(const char *memory, size_t pages, size_t first)
{
    bool same = true;
    for (size_t i = 0; i < pages; i++)
        same &= filled(memory + i * PAGE, (int)(first + i + 1), PAGE);
    return same;
}

static void in_place(void)
{
    char *memory = make(4, MAP_PRIVATE);
    ok(mremap(memory, 4 * PAGE, 4 * PAGE, 0) == memory && is(memory, 4, 0), "the same length");
    ok(mremap(memory, 4 * PAGE, 2 * PAGE + 1, 0) == memory && is(memory, 3, 0) && gone(memory + 3 * PAGE), "shorter");
    ok(mremap(memory, 3 * PAGE, 6 * PAGE, 0) == memory && is(memory, 3, 0) && filled(memory + 3 * PAGE, 0, 3 * PAGE),
       "longer, where there is room");
    must(mmap(memory + 6 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED, "mmap");
    fails((long)mremap(memory + 3 * PAGE, 2 * PAGE, 9 * PAGE, 0), ENOMEM, "not at its end");
    must(mprotect(memory + 6 * PAGE, PAGE, PROT_READ) == 0, "mprotect");
    fails((long)mremap(memory, 6 * PAGE, 7 * PAGE, 0), ENOMEM, "no room");
    fails((long)mremap(memory, 7 * PAGE, 8 * PAGE, MREMAP_MAYMOVE), EFAULT, "over the end of a mapping");
    fails((long)mremap(memory, PAGE, 0, 0), EINVAL, "to nothing");
    fails((long)mremap(memory + 1, PAGE, PAGE, 0), EINVAL, "at an odd address");
    fails((long)mremap(memory, PAGE, PAGE, 8), EINVAL, "an unknown flag");
    fails((long)mremap(memory, PAGE, PAGE, MREMAP_FIXED, memory), EINVAL, "MREMAP_FIXED alone");
    fails((long)mremap(memory, 0, PAGE, MREMAP_MAYMOVE), EINVAL, "a copy of private memory");
    fails((long)mremap(memory, PAGE, 1UL << 47, MREMAP_MAYMOVE), ENOMEM, "longer than there are addresses");
    fails((long)mremap(memory, 1UL << 47, PAGE, MREMAP_MAYMOVE), EINVAL, "out of more than there are");
    fails((long)mremap((void *)(1UL << 47), PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT, "where no address is");
    fails((long)mremap(memory, PAGE, 1UL << 37, MREMAP_MAYMOVE), ENOMEM, "longer than all memory");
    must(munmap(memory, 7 * PAGE) == 0, "munmap");
    fails((long)mremap(memory, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT, "what is not mapped");
}

static int check_and_store(void *memory)
{
    bool good = is(memory, 3, 0);
    memset(memory, 99, PAGE);
    return !good;
}

static void elsewhere(void)
{
    char *memory = make(4, MAP_PRIVATE), *blocker = memory + 4 * PAGE;
    must(mmap(blocker, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == blocker, "mmap");
    char *moved = mremap(memory, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    ok(moved != MAP_FAILED && moved != memory && is(moved, 4, 0) && filled(moved + 4 * PAGE, 0, 4 * PAGE), "moved");
    ok(gone(memory) && gone(memory + 4 * PAGE - 1), "it has left");
    char *part = mremap(moved + PAGE, PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    ok(part != MAP_FAILED && is(part, 1, 1) && filled(part + PAGE, 0, 2 * PAGE) && gone(moved + PAGE) &&
           is(moved, 1, 0) && is(moved + 2 * PAGE, 2, 2),
       "a part of it");
    munmap(moved, 8 * PAGE), munmap(part, 3 * PAGE), munmap(blocker, PAGE);

    memory = make(6, MAP_PRIVATE);
    char *target = make(6, MAP_PRIVATE), *result = mremap(memory, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                                                          target + PAGE);
    ok(result == target + PAGE && is(result, 3, 0) && filled(result + 3 * PAGE, 0, PAGE) && is(target, 1, 0) &&
           is(target + 5 * PAGE, 1, 5),
       "over something");
    ok(gone(memory) && gone(memory + 2 * PAGE) && is(memory + 3 * PAGE, 3, 3), "the rest stays");
    ok(exited(in_child(check_and_store, result), 0) && is(result, 3, 0), "a child gets a copy of what has moved");
    memory = result;
    result = mremap(memory, 4 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 100 * PAGE);
    ok(result == memory + 100 * PAGE && is(result, 1, 0) && gone(memory) && gone(memory + 3 * PAGE), "shorter, elsewhere");
    fails((long)mremap(result, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, result - PAGE), EINVAL, "over itself");
    fails((long)mremap(result, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, result + 10), EINVAL, "to an odd address");
    fails((long)mremap(result, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (char *)-4096), EINVAL, "into the kernel");
    ok(is(result, 1, 0), "nothing has changed by that");
    munmap(result, PAGE), munmap(target, 6 * PAGE);

    // Across leaf tables, with holes between the pages in use.
    size_t pages = 1100;
    memory = map(pages, MAP_PRIVATE);
    for (size_t i = 0; i < pages; i += 37)
        memory[i * PAGE + 5] = (char)(i / 37 + 1);
    moved = mremap(memory, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 7777 * PAGE);
    bool same = moved == memory + 7777 * PAGE;
    for (size_t i = 0; same && i < pages; i++)
        same = moved[i * PAGE + 5] == (i % 37 ? 0 : (char)(i / 37 + 1));
    ok(same && munmap(moved, pages * PAGE) == 0, "a large one");
}

static int store_there(void *memory)
{
    memset(memory, 77, PAGE);
    return 0;
}

static void shared(void)
{
    char *probe = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (probe == MAP_FAILED && errno == ENODEV) {
        skip("shared memory", "a course: there is none without a file");
        return;
    }
    munmap(probe, PAGE);
    char *memory = make(4, MAP_SHARED), *second = mremap(memory, 0, 4 * PAGE, MREMAP_MAYMOVE);
    ok(second != MAP_FAILED && second != memory && is(second, 4, 0), "old size 0: the same pages once more");
    memset(second + PAGE, 50, PAGE);
    ok(filled(memory + PAGE, 50, PAGE), "they are the same");
    char *third = mremap(memory + 2 * PAGE, 0, PAGE, MREMAP_MAYMOVE);
    ok(third != MAP_FAILED && is(third, 1, 2), "from the middle");
    fails((long)mremap(memory, 0, PAGE, 0), ENOMEM, "which needs MREMAP_MAYMOVE");
    memory = mremap(memory, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 1000 * PAGE);
    ok(memory != MAP_FAILED && exited(in_child(store_there, memory), 0) && filled(second, 77, PAGE),
       "moved, it is shared as before");
    munmap(memory, 4 * PAGE), munmap(second, 4 * PAGE), munmap(third, PAGE);
}

static void of_a_file(void)
{
    char byte, *memory;
    work_in("t_mremap");
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(fd >= 0 && ftruncate(fd, 3 * PAGE) == 0, "file");
    memory = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE);
    memory[0] = 1;
    memory = mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 500 * PAGE);
    memory[PAGE] = 2;
    ok(memory[0] == 1 && pread(fd, &byte, 1, 2 * PAGE) == 1 && byte == 2, "a file's pages move");
    memory = mremap(memory, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE);
    ok(memory != MAP_FAILED && killed(in_child(load, memory + 2 * PAGE), SIGBUS), "longer than the file: SIGBUS");
    ok(ftruncate(fd, PAGE) == 0 && killed(in_child(load, memory), SIGBUS), "truncation finds them");
    munmap(memory, 3 * PAGE);
    close(fd);
}

int main(void)
{
    in_place();
    elsewhere();
    shared();
    of_a_file();
    return done();
}
