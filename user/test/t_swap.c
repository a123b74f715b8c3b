// SPDX-License-Identifier: MIT
// More private memory than there is RAM: what it holds is right after it has been on the disk and back, forked and
// rewritten on both sides. Wants a swap device of twice the memory (./kine run --mem 32M --swap 64M). With an argument:
// one that has bad places (tests/boot/boot.py).
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include "ktap.h"

enum { IDLE_PAGES = 512 }; // that those who only wait may have on the disk in the end

static size_t pages;

static struct sysinfo info(void)
{
    struct sysinfo now;
    must(sysinfo(&now) == 0, "sysinfo");
    return now;
}

static unsigned long *word(char *memory, size_t page)
{
    return (unsigned long *)(memory + page * PAGE) + page % 512;
}

static void fill(char *memory, size_t from, size_t to, unsigned long who)
{
    for (size_t page = from; page < to; page++)
        *word(memory, page) = page << 8 | who;
}

static size_t wrong(char *memory, size_t from, size_t to, unsigned long who)
{
    size_t count = 0;
    for (size_t page = from; page < to; page++)
        count += *word(memory, page) != (page << 8 | who);
    return count;
}

static char *take(void)
{
    char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    fill(memory, 0, pages, 'o');
    return memory;
}

// Parent and child rewrite different thirds, while the other third stays common.
static int fork_and_rewrite(void *unused)
{
    char *memory = take();
    size_t third = pages / 3;
    pid_t pid = fork();
    if (pid < 0)
        return 1;
    size_t mine = pid ? 2 * third : third, other = pid ? third : 2 * third;
    unsigned long who = pid ? 'p' : 'c';
    fill(memory, mine, mine + third, who);
    if (wrong(memory, 0, third, 'o') || wrong(memory, other, other + third, 'o') || wrong(memory, mine, mine + third, who))
        return 2;
    return pid == 0 || exited(reap(pid), 0) ? 0 : 3;
}

// What is on the disk is dropped in each of the ways in which memory goes.
static int drop_swapped(void *way)
{
    char *memory = take();
    switch (*(char *)way) {
    case 'u':
        return munmap(memory + PAGE, (pages - 2) * PAGE) || wrong(memory, 0, 1, 'o') || wrong(memory, pages - 1, pages, 'o');
    case 'x':
        execve("/bin/true", (char *[]){"true", NULL}, (char *[]){NULL});
        return 1;
    case 'k':
        kill(getpid(), SIGKILL);
    }
    return 0;
}

// The kernel reads and writes user memory that is on the disk.
static int through_a_pipe(void *unused)
{
    int ends[2];
    char *memory = take();
    must(pipe(ends) == 0, "pipe");
    for (size_t page = 0; page + 1 < pages / 2; page++)
        if (write(ends[1], memory + page * PAGE, PAGE) != PAGE || read(ends[0], memory + (page + pages / 2) * PAGE, PAGE) != PAGE)
            return 1;
    for (size_t page = 0; page + 1 < pages / 2; page++)
        if (memcmp(memory + page * PAGE, memory + (page + pages / 2) * PAGE, PAGE))
            return 2;
    return 0;
}

static int twice(void *unused)
{
    pid_t other = fork();
    char *memory = take();
    fill(memory, 0, pages, other ? 'a' : 'b');
    size_t bad = wrong(memory, 0, pages, other ? 'a' : 'b');
    return bad || (other && !exited(reap(other), 0));
}

static int read_all(void *unused)
{
    return wrong(take(), 0, pages, 'o') != 0;
}

// For a disk on which some pages cannot be read: who wants one of those dies, and that is all.
static int unreadable(void)
{
    pages = info().totalram / 4 * 5;
    ok(killed(in_child(read_all, NULL), SIGBUS), "a page that cannot be read back is SIGBUS");
    pages /= 4;
    ok(exited(in_child(fork_and_rewrite, NULL), 0), "the others live");
    return done();
}

int main(int count, char **arguments)
{
    struct sysinfo before = info();
    if (!before.totalswap) {
        skip("swap", "no swap device");
        return done();
    }
    if (count > 1)
        return unreadable();
    pages = before.totalram / 4 * 3;
    ok(before.freeswap <= before.totalswap, "%lu pages of RAM, %lu slots", before.totalram, before.totalswap);
    ok(exited(in_child(fork_and_rewrite, NULL), 0), "3/4 of memory, forked, a third rewritten on each side");
    ok(exited(in_child(through_a_pipe, NULL), 0), "read and written by the kernel");
    pages = before.totalram / 4 * 5;
    ok(exited(in_child(drop_swapped, "u"), 0), "5/4 of memory, unmapped");
    ok(exited(in_child(drop_swapped, "x"), 0), "dropped by exec");
    ok(killed(in_child(drop_swapped, "k"), SIGKILL), "dropped by dying");
    ok(exited(in_child(drop_swapped, "e"), 0), "dropped by exit");
    pages = before.totalram / 4 * 3;
    ok(exited(in_child(twice, NULL), 0), "two processes with 3/4 of memory each");
    struct sysinfo after = info();
    ok(after.freeswap + IDLE_PAGES >= before.freeswap, "slots are free again: %lu of %lu", after.freeswap, before.freeswap);
    ok(after.freeram + IDLE_PAGES >= before.freeram, "RAM is free again: %lu pages, %lu before", after.freeram,
       before.freeram);
    return done();
}
