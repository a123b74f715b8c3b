// SPDX-License-Identifier: MIT
// Memory of each kind, made ready for an operation of a sweep (failnth.h).
#pragma once
#include <stdint.h>
#include "failnth.h"

enum { SPAN = 512 * PAGE, PAGES = 100, LENT_SPANS = 2 };

static char *memory; // of the operation at hand
static size_t bytes;
static int fd = -1, ends[2];
static pid_t helper;
static int regions_before;

static inline void map(size_t size, int flags)
{
    bytes = size;
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    must(memory != MAP_FAILED, "mmap");
}

static inline void map_private(void)
{
    map(16 * SPAN, MAP_PRIVATE | MAP_ANONYMOUS);
}

static inline void unmap(void)
{
    must(munmap(memory, bytes) == 0, "munmap");
}

static inline char *span(int number) // an aligned one
{
    return (char *)(((uintptr_t)memory + SPAN - 1) / SPAN * SPAN) + (size_t)number * SPAN;
}

static inline int regions(void)
{
    char line[256];
    int count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    must(maps, "/proc/self/maps");
    while (fgets(line, sizeof line, maps))
        count++;
    fclose(maps);
    return count;
}

// So many pages in two tables that they are lent, and one that is copied.
static inline void map_much(void)
{
    map_private();
    for (int i = 0; i < LENT_SPANS; i++)
        for (int page = 0; page < PAGES; page++)
            span(i)[page * PAGE] = 'p';
    *span(LENT_SPANS) = 'p';
    regions_before = regions();
}

static inline bool much_unharmed(void)
{
    if (regions() != regions_before)
        return false;
    for (int i = 0; i < LENT_SPANS; i++)
        for (int page = 0; page < PAGES; page++)
            if (span(i)[page * PAGE] != 'p')
                return false;
    span(0)[PAGE] = 'p'; // and still writable
    return true;
}

static inline int idle_child(void *unused)
{
    char byte;
    close(ends[1]);
    return (int)read(ends[0], &byte, 1);
}

static inline void shared_with_child(void)
{
    map_much();
    must(pipe(ends) == 0, "pipe");
    helper = start(idle_child, NULL);
}

static inline void child_ends(void)
{
    close(ends[1]);
    reap(helper);
    close(ends[0]);
    unmap();
}

static inline void hole(int flags) // a file's pages that are not in memory
{
    fd = open("hole", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, 16 * SPAN) == 0, "hole");
    map(16 * SPAN, flags);
}

static inline void hole_private(void)
{
    hole(MAP_PRIVATE);
}

static inline void hole_shared(void)
{
    hole(MAP_SHARED);
}

static inline void close_hole(void)
{
    unmap();
    must(close(fd) == 0 && unlink("hole") == 0, "hole");
    fd = -1;
}

static inline void shared_anonymous(void)
{
    map(16 * SPAN, MAP_SHARED | MAP_ANONYMOUS);
}

static inline void map_mega(void)
{
    map_private();
    if (madvise(memory, bytes, MADV_HUGEPAGE))
        must(errno == EINVAL, "madvise"); // no 2 MiB pages here: an ordinary fault
}

static inline void mega_is_there(void)
{
    map_mega();
    memset(span(1), 'm', SPAN);
}

static inline bool mega_unharmed(void)
{
    return filled(span(1), 'm', SPAN);
}
