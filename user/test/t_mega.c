// SPDX-License-Identifier: MIT
// 2 MiB pages: what a program sees of them. One fault brings 512 pages; a write after fork copies one page and no
// more; what is taken out of the middle, or moved, or executed, leaves the rest as it was. AnonHugePages of
// /proc/meminfo counts them, and the audit after this test recounts.
#include <stdint.h>
#include <sys/mman.h>
#include "ktap.h"

enum { SPAN = 512 * PAGE, SPANS = 3, PAGES = SPANS * 512, MEGA_KIB = 2048 };
static char *raw;

static uint32_t *word(int page)
{
    uintptr_t aligned = ((uintptr_t)raw + SPAN - 1) & ~(uintptr_t)(SPAN - 1);
    return (uint32_t *)(aligned + (uintptr_t)page * PAGE);
}

static long meminfo(const char *what)
{
    char line[80];
    long kib = -1;
    FILE *in = fopen("/proc/meminfo", "r");
    must(in, "/proc/meminfo");
    while (fgets(line, sizeof line, in))
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtol(line + strlen(what) + 1, NULL, 10);
    fclose(in);
    return kib;
}

static long megas(void)
{
    return meminfo("AnonHugePages") / MEGA_KIB;
}

static void write_all(uint32_t value)
{
    for (int page = 0; page < PAGES; page++)
        *word(page) = value + (uint32_t)page;
}

static int count_wrong(uint32_t value)
{
    int wrong = 0;
    for (int page = 0; page < PAGES; page++)
        wrong += *word(page) != value + (uint32_t)page;
    return wrong;
}

static void map_again(int advice)
{
    if (raw)
        munmap(raw, (SPANS + 1) * SPAN);
    raw = mmap(NULL, (SPANS + 1) * SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(raw != MAP_FAILED && madvise(raw, (SPANS + 1) * SPAN, advice) == 0, "memory");
}

static void few_faults(void)
{
    map_again(MADV_NOHUGEPAGE);
    long before = faults();
    write_all(1);
    ok(faults() - before >= PAGES && megas() == 0, "without: a fault for each page");
    map_again(MADV_HUGEPAGE);
    before = faults();
    write_all(1);
    ok(faults() - before <= SPANS + 1 && megas() == SPANS, "with: %ld faults, %ld pages of 2 MiB", faults() - before, megas());
    ok(count_wrong(1) == 0, "contents");
}

// What a store in a child takes from the machine: a page, and a table to name it in. (Its stack and data it has
// written before.)
static void fork_copies_a_page(void)
{
    map_again(MADV_HUGEPAGE);
    write_all(1);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    int right = ended(pid);
    long before = faults();
    write_all(2);
    long taken = faults() - before;
    ok(right && taken <= SPANS + 2, "after a child that only ended: %ld faults to rewrite", taken);
    int up[2], down[2];
    must(pipe(up) == 0 && pipe(down) == 0, "pipes");
    pid = fork();
    if (pid == 0) {
        char byte;
        read(down[0], &byte, 1);
        long free_before = meminfo("MemFree");
        *word(700) = 77;
        long taken = free_before - meminfo("MemFree");
        write(up[1], &taken, sizeof taken);
        read(down[0], &byte, 1);
        int wrong = count_wrong(2);
        _exit(wrong != 1 || *word(700) != 77);
    }
    taken = PAGES;
    write(down[1], "", 1);
    read(up[0], &taken, sizeof taken);
    ok(taken <= 4 * PAGE / 1024, "a byte written after fork takes %ld KiB", taken);
    right = count_wrong(2) == 0;
    write_all(3);
    write(down[1], "", 1);
    ok(right && ended(pid) && count_wrong(3) == 0, "the child does not see what the parent writes later");
}

// Of each 2 MiB something else is changed; all else stays.
static void pieces(void)
{
    map_again(MADV_HUGEPAGE);
    write_all(1);
    long free_before = meminfo("MemFree");
    int bad = munmap(word(10), 20 * PAGE);
    ok(!bad && meminfo("MemFree") - free_before >= 20 * PAGE / 1024, "unmapped pages come back");
    bad = mprotect(word(512 + 500), 20 * PAGE, PROT_READ) || madvise(word(1100), 30 * PAGE, MADV_DONTNEED);
    for (int page = 0; page < PAGES; page++)
        if (page < 10 || page >= 30)
            bad += *word(page) != (page >= 1100 && page < 1130 ? 0 : 1 + (uint32_t)page);
    ok(!bad && megas() == 0, "pieces unmapped, protected, given back; the rest is there");
    char *elsewhere = mmap(NULL, SPAN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    map_again(MADV_HUGEPAGE);
    write_all(1);
    uint32_t *moved = mremap(word(512), SPAN, SPAN, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere);
    for (int page = 0; page < 512; page++)
        bad += moved[page * (PAGE / 4)] != 1 + 512 + (uint32_t)page || *word(page) != 1 + (uint32_t)page;
    ok(!bad && megas() == SPANS - 1, "one is moved page by page, the others stay whole");
    munmap(moved, SPAN);
}

// Code written into a 2 MiB page runs: li a0, 42; ret.
static void executed(void)
{
    munmap(raw, (SPANS + 1) * SPAN);
    raw = mmap(NULL, (SPANS + 1) * SPAN, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(raw != MAP_FAILED && madvise(raw, (SPANS + 1) * SPAN, MADV_HUGEPAGE) == 0, "memory");
    write_all(1);
    word(300)[0] = 0x02a00513;
    word(300)[1] = 0x00008067;
    must(syscall(SYS_riscv_flush_icache, 0, 0, 0) == 0, "flush");
    int (*function)(void) = (int (*)(void))(uintptr_t)word(300);
    int bad = *word(299) != 1 + 299 || *word(301) != 1 + 301;
    ok(function() == 42 && !bad, "code in a 2 MiB page runs");
}

int main(void)
{
    few_faults();
    fork_copies_a_page();
    pieces();
    executed();
    munmap(raw, (SPANS + 1) * SPAN);
    ok(megas() == 0, "none is left");
    return done();
}
