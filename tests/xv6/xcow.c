// SPDX-License-Identifier: MIT
// Copy-on-write fork, as the cow lab wants it: its three scenes, and one of many processes.
#include "test.h"

#define MEMORY (PHYSTOP - KERNBASE)

static char *take(uint64 bytes)
{
    char *memory = sbrk((int)bytes);
    CHECK(memory != SBRK_ERROR);
    return memory;
}

static void give_back(uint64 bytes)
{
    CHECK(sbrk(-(int)bytes) != SBRK_ERROR);
}

static void fill(char *memory, uint64 bytes, int value)
{
    for (uint64 i = 0; i < bytes; i += PGSIZE)
        *(int *)(memory + i) = value;
}

static void check_filled(char *memory, uint64 bytes, int value)
{
    for (uint64 i = 0; i < bytes; i += PGSIZE)
        CHECK(*(int *)(memory + i) == value);
}

// Two thirds of memory are there once, and forked.
static void simple(void)
{
    uint64 bytes = MEMORY / 3 * 2 & ~(uint64)(PGSIZE - 1);
    char *memory = take(bytes);
    fill(memory, bytes, getpid());
    int parent = getpid();
    if (must_fork() == 0) {
        check_filled(memory, bytes / 10, parent);
        exit(0);
    }
    CHECK(must_wait() == 0);
    check_filled(memory, bytes, parent);
    give_back(bytes);
}

// Three processes write the same quarter of memory, or a half of it.
static void three(void)
{
    uint64 bytes = MEMORY / 4, half = bytes / 2;
    char *memory = take(bytes);
    int parent = getpid();
    fill(memory, bytes, parent);
    if (must_fork() == 0) {
        if (must_fork() == 0) {
            fill(memory, bytes / 5 * 4 & ~(uint64)(PGSIZE - 1), getpid());
            check_filled(memory, bytes / 5 * 4 & ~(uint64)(PGSIZE - 1), getpid());
            exit(0);
        }
        fill(memory, half, 9999);
        CHECK(must_wait() == 0);
        check_filled(memory, half, 9999);
        check_filled(memory + half, half, parent);
        exit(0);
    }
    check_filled(memory, bytes, parent);
    CHECK(must_wait() == 0);
    check_filled(memory, bytes, parent);
    give_back(bytes);
}

static char shared[4 * PGSIZE];

// The kernel writes to pages that are shared, by read() and pipe() and fstat().
static void file(void)
{
    for (int i = 0; i < 4; i++) {
        int ends[2];
        memset(shared, 99, sizeof shared);
        CHECK(pipe(ends) == 0);
        if (must_fork() == 0) {
            int *word = (int *)(shared + PGSIZE + 4);
            CHECK(read(ends[0], word, sizeof *word) == sizeof *word && *word == i);
            CHECK(fstat(0, (struct stat *)shared) == 0 && shared[PGSIZE] == 99);
            exit(0);
        }
        CHECK(write(ends[1], &i, sizeof i) == sizeof i && must_wait() == 0);
        CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
        for (int j = 0; j < COUNT(shared); j++)
            CHECK(shared[j] == 99);
    }
}

// Many share, and each writes one page of its own: memory for all pages of all would not be there.
static void many(void)
{
    uint64 bytes = MEMORY / 2;
    char *memory = take(bytes);
    fill(memory, bytes, 7);
    for (int i = 0; i < 20; i++)
        if (must_fork() == 0) {
            fill(memory + i * PGSIZE, PGSIZE, i);
            pause(3);
            check_filled(memory + i * PGSIZE, PGSIZE, i);
            check_filled(memory + 20 * PGSIZE, 20 * PGSIZE, 7);
            exit(0);
        }
    for (int i = 0; i < 20; i++)
        CHECK(must_wait() == 0);
    check_filled(memory, bytes, 7);
}

static const struct test tests[] = {
    {"simple", simple}, {"simple", simple}, {"three", three}, {"three", three},
    {"three", three},   {"file", file},     {"many", many},
};

int main(int argc, char **argv)
{
    run_tests(tests, COUNT(tests), argc, argv);
}
