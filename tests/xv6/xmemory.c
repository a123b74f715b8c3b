// SPDX-License-Identifier: MIT
// Memory: what a program may touch, what it may tell the kernel to touch, and how it gets more.
#include "test.h"

#define MIB  (1024 * 1024)
#define MOST (PHYSTOP - KERNBASE) // more than there can ever be free

static const uint64 bad_addresses[] = {0, KERNBASE, TRAPFRAME, TRAMPOLINE, MAXVA, ~0UL};

static char *take(int bytes)
{
    char *memory = sbrk(bytes);
    CHECK(memory != SBRK_ERROR);
    return memory;
}

static void copyin(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < COUNT(bad_addresses); i++) {
        int fd = open("file", O_CREATE | O_WRONLY);
        CHECK(fd >= 0);
        CHECK(write(fd, (void *)bad_addresses[i], 2 * PGSIZE) == -1);
        CHECK(write(ends[1], (void *)bad_addresses[i], 2 * PGSIZE) == -1);
        CHECK(close(fd) == 0 && unlink("file") == 0);
    }
}

static void copyout(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < COUNT(bad_addresses); i++) {
        char c = 0;
        int fd = open("/README", O_RDONLY);
        CHECK(fd >= 0);
        CHECK(read(fd, (void *)bad_addresses[i], 2 * PGSIZE) == -1);
        CHECK(write(ends[1], "x", 1) == 1);
        CHECK(read(ends[0], (void *)bad_addresses[i], 2 * PGSIZE) == -1);
        CHECK(close(fd) == 0);
        CHECK(fstat(0, (struct stat *)bad_addresses[i]) == -1 &&
              stat("/", (struct stat *)bad_addresses[i]) == -1);
        CHECK(read(ends[0], &c, 1) == 1 && c == 'x'); // nothing was taken out
    }
}

// As a path everywhere, and as the words of an exec.
static void refused_as_text(const char *text)
{
    char *words[] = {"echo", (char *)text, 0};
    CHECK(open(text, O_CREATE | O_WRONLY) == -1 && unlink(text) == -1 && mkdir(text) == -1 &&
          chdir(text) == -1);
    CHECK(link(text, "other") == -1 && link("/README", text) == -1 && mknod(text, 1, 1) == -1);
    CHECK(exec(text, words + 2) == -1);
}

static void copyinstr1(void)
{
    for (int i = 0; i < COUNT(bad_addresses); i++)
        refused_as_text((char *)bad_addresses[i]);
}

// Too long: as a path, as a word; and a status that does not fit into eight bits comes through.
static void too_long_word(void *unused)
{
    static char text[PGSIZE + 1];
    char *words[] = {text, text, text, 0};
    memset(text, 'x', PGSIZE);
    exit(exec("/echo", words) == -1 ? 747 : 1);
}

static void copyinstr2(void)
{
    char text[MAXPATH + 1];
    memset(text, 'x', MAXPATH);
    text[MAXPATH] = 0;
    refused_as_text(text);
    CHECK(in_child(too_long_word, 0) == 747);
}

// Text that runs into the end of memory.
static void copyinstr3(void)
{
    take(PGROUNDUP((uint64)sbrk(0)) - (uint64)sbrk(0));
    char *last = take(PGSIZE) + PGSIZE - 1, *words[] = {"echo", last, 0};
    CHECK((uint64)sbrk(0) % PGSIZE == 0);
    *last = 'x';
    refused_as_text(last);
    CHECK(exec("/echo", words) == -1);
}

static void rwsbrk(void)
{
    char *memory = take(2 * PGSIZE) + PGSIZE;
    CHECK(sbrk(-2 * PGSIZE) != SBRK_ERROR);
    int fd = open("file", O_CREATE | O_WRONLY);
    CHECK(fd >= 0 && write(fd, memory, 1024) == -1 && close(fd) == 0 && unlink("file") == 0);
    fd = open("/README", O_RDONLY);
    CHECK(fd >= 0 && read(fd, memory, 10) == -1);
}

// More is given back than was taken: refused, or the end of the program; never of more than that.
static void give_back(void *left)
{
    char *end = sbrk(0);
    if (sbrk(*(int *)left - (int)(uint64)end) == SBRK_ERROR)
        CHECK(sbrk(0) == end && take(PGSIZE) == end);
    sbrk(-10);
}

static void sbrkbugs(void)
{
    int left[] = {0, 1, 3500, PGSIZE, 10 * PGSIZE + 2048};
    for (int i = 0; i < COUNT(left); i++) {
        int status = in_child(give_back, &left[i]);
        CHECK(status == 0 || status == KILLED);
    }
}

static void too_much(void *unused)
{
    char *end = sbrk(0);
    CHECK(sbrk(1024 * MIB) == SBRK_ERROR && sbrk(0x7fffffff) == SBRK_ERROR &&
          sbrk(-0x7fffffff - 1) == SBRK_ERROR);
    CHECK(sbrk(0) == end);
    end[PGSIZE * 2] = 1; // behind what it has
}

static void sbrkbasic(void)
{
    CHECK(in_child(too_much, 0) == KILLED);
    char *end = sbrk(0);
    for (int i = 0; i < 5000; i++) {
        char *byte = sbrk(1);
        CHECK(byte == end + i && *byte == 0);
        *byte = 1;
    }
    int pid = must_fork();
    CHECK(sbrk(1) == end + 5000 && sbrk(1) == end + 5001); // both have the same break, and each its own
    if (pid == 0)
        exit(0);
    CHECK(must_wait() == 0);
}

static void sbrkmuch(void)
{
    int bytes = 100 * MIB;
    char *start = sbrk(0), *memory = take(bytes);
    CHECK(memory == start && sbrk(0) == start + bytes);
    for (int i = 0; i < bytes; i += PGSIZE)
        memory[i] = 1;
    memory[bytes - 1] = 99;
    CHECK(sbrk(-PGSIZE) == start + bytes && sbrk(0) == start + bytes - PGSIZE);
    CHECK(sbrk(PGSIZE) == start + bytes - PGSIZE && memory[bytes - 1] == 0);
    CHECK(sbrk(-bytes) == start + bytes && sbrk(0) == start);
}

static void touch(void *address)
{
    *(volatile char *)address;
}

static void kernmem(void)
{
    for (uint64 address = KERNBASE; address < KERNBASE + 2 * MIB; address += 100000)
        CHECK(in_child(touch, (void *)address) == KILLED);
    for (uint64 address = MAXVA; address; address <<= 1)
        CHECK(in_child(touch, (void *)address) == KILLED);
}

// Several want most of memory, one after the other or all at once. One at most gets it, and the first who comes alone
// does; none is killed, and all comes back.
static void most_of_memory(int at_once)
{
    int ends[2], pids[6], got = 0;
    char answer;
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < COUNT(pids); i++) {
        if ((pids[i] = must_fork()) == 0) {
            write(ends[1], sbrk(100 * MIB) == SBRK_ERROR ? "-" : "+", 1);
            for (;;)
                pause(1000);
        }
        if (!at_once)
            CHECK(read(ends[0], &answer, 1) == 1 && answer == (i ? '-' : '+'));
    }
    for (int i = 0; at_once && i < COUNT(pids); i++)
        CHECK(read(ends[0], &answer, 1) == 1 && (got += answer == '+') <= 1);
    CHECK(sbrk(PGSIZE) != SBRK_ERROR);
    for (int i = 0; i < COUNT(pids); i++)
        CHECK(kill(pids[i]) == 0);
    for (int i = 0; i < COUNT(pids); i++)
        CHECK(must_wait() == KILLED);
    CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static void sbrkfail(void)
{
    most_of_memory(0);
    most_of_memory(1);
    take(100 * MIB);
}

static void sbrkarg(void)
{
    char *memory = take(PGSIZE);
    int fd = open("file", O_CREATE | O_WRONLY), *ends = (int *)take(PGSIZE);
    CHECK(fd >= 0 && unlink("file") == 0);
    CHECK(write(fd, memory, PGSIZE) == PGSIZE && close(fd) == 0);
    CHECK(pipe(ends) == 0 && ends[0] != ends[1]);
}

static void validatetest(void)
{
    for (uint64 address = 0; address < 16 * PGSIZE; address += PGSIZE) {
        CHECK(link("nowhere", (char *)address) == -1 && unlink((char *)address) == -1);
        CHECK(pipe((int *)address) == -1 && write(1, (char *)address, 0) <= 0);
    }
    char *end = (char *)PGROUNDUP((uint64)sbrk(0));
    for (int i = 0; i < 300; i++)
        CHECK(link("nowhere", end + i * PGSIZE) == -1 && exec(end + i * PGSIZE, (char **)end) == -1);
}

static void read_below(void *unused)
{
    touch((char *)r_sp() - USERSTACK * PGSIZE);
}

static void run_off(void *unused)
{
    char page[PGSIZE];
    touch(page);
    write(1, page, page[0] = 0);
    run_off(page);
}

static void stacktest(void)
{
    CHECK(in_child(read_below, 0) == KILLED);
    CHECK(in_child(run_off, 0) == KILLED);
}

static char zeros[10000];

static void bsstest(void)
{
    for (int i = 0; i < COUNT(zeros); i++)
        CHECK(zeros[i] == 0);
}

static void take_all_blocks(void *unused)
{
    void *list = 0, **block;
    int count = 0;
    for (; (block = malloc(10001)); count++) {
        *block = list;
        list = block;
    }
    CHECK(count > 1000);
    for (; list; list = block) {
        block = *(void **)list;
        free(list);
    }
    CHECK(malloc(20 * 1024));
}

static void mem(void)
{
    CHECK(in_child(take_all_blocks, 0) == 0);
}

static void store(void *address)
{
    *(volatile int *)address = 1;
}

static void textwrite(void)
{
    CHECK(in_child(touch, (void *)textwrite) == 0 && in_child(store, (void *)textwrite) == KILLED);
    CHECK(in_child(store, 0) == KILLED && in_child(store, (void *)TRAPFRAME) == KILLED);
    int fd = open("/README", O_RDONLY);
    CHECK(fd >= 0 && read(fd, (void *)textwrite, 10) == -1 && fstat(fd, (struct stat *)textwrite) == -1);
}

// Addresses for all of the user half, pages for what is touched, and a string in a page not yet touched.
static void lazy(void)
{
    int step = 1024 * MIB;
    char *start = (char *)PGROUNDUP((uint64)sbrk(0));
    take((int)(start - sbrk(0)));
    CHECK(sbrklazy(step) == start && sbrk(0) == start + step);
    for (int i = 0; i < step; i += 256 * 1024)
        *(int *)(start + i) = i;
    for (int i = 0; i < step; i += 256 * 1024)
        CHECK(*(int *)(start + i) == i && start[i + PGSIZE] == 0);
    CHECK(open(start + 3 * PGSIZE, O_RDONLY) >= 0); // an empty path: the current directory
    CHECK(sbrklazy(-step) == start + step && in_child(store, start) == KILLED);
    while ((uint64)sbrk(0) + (uint64)step < TRAPFRAME)
        CHECK(sbrklazy(step) != SBRK_ERROR);
    CHECK(sbrklazy((int)(TRAPFRAME - PGSIZE - (uint64)sbrk(0))) != SBRK_ERROR);
    char *last = take(PGSIZE);
    CHECK((uint64)last == TRAPFRAME - PGSIZE && last[PGSIZE - 1] == 0);
    CHECK(sbrk(1) == SBRK_ERROR && sbrklazy(1) == SBRK_ERROR);
}

static int take_all_pages(void)
{
    char *start = sbrk(0);
    int pages = 0;
    while (sbrk(PGSIZE) != SBRK_ERROR)
        pages++;
    CHECK(sbrk((int)(start - sbrk(0))) != SBRK_ERROR && sbrk(0) == start);
    return pages;
}

static void countfree(void)
{
    int pages = take_all_pages();
    CHECK(pages > (int)(MOST / PGSIZE / 2));
    for (int i = 0; i < 3; i++) {
        int again = take_all_pages();
        if (again != pages)
            printf("# %d pages, then %d\n", pages, again);
        CHECK(again == pages);
    }
}

#define TEST(name)                                                                                           \
    {                                                                                                        \
#name, name                                                                                          \
    }
static const struct test tests[] = {
    TEST(copyin),  TEST(copyout),   TEST(copyinstr1), TEST(copyinstr2),   TEST(copyinstr3),
    TEST(rwsbrk),  TEST(sbrkbugs),  TEST(bsstest),    TEST(sbrkbasic),    TEST(sbrkmuch),
    TEST(kernmem), TEST(sbrkfail),  TEST(sbrkarg),    TEST(validatetest), TEST(stacktest),
    TEST(mem),     TEST(textwrite), TEST(lazy),       TEST(countfree),
};

int main(int argc, char **argv)
{
    run_tests(tests, COUNT(tests), argc, argv);
}
