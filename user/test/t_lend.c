// SPDX-License-Identifier: MIT
// Fork lends page tables: what a program sees of it. Values are right whoever touches first, grandchildren included, and
// the faults that it takes to get memory back are counted: one for 2 MiB after a child that only ended, at most two
// after one that ran another program.
#include <stdint.h>
#include <sys/mman.h>
#include "ktap.h"

enum { SPAN = 512 * PAGE, TABLES = 8, PAGES = TABLES * 512 };
static uint32_t *memory;

static uint32_t *word(int page)
{
    return memory + page * (PAGE / 4);
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

static long faults_of_rewriting(const char *program)
{
    write_all(1);
    pid_t pid = fork();
    if (pid == 0) {
        if (program)
            execv(program, (char *[]){(char *)program, NULL});
        _exit(program ? 1 : 0);
    }
    if (!ended(pid))
        return -1;
    long before = faults();
    write_all(2);
    long taken = faults() - before;
    return count_wrong(2) ? -1 : taken;
}

// Who writes which third, parent before child or after; each sees his own and the old rest.
static void who_writes_what(int child_first)
{
    write_all(100);
    int go[2];
    pipe(go);
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        if (!child_first)
            read(go[0], &byte, 1);
        for (int page = 0; page < PAGES; page += 3)
            *word(page) = 7;
        int wrong = 0;
        for (int page = 0; page < PAGES; page++)
            wrong += *word(page) != (page % 3 ? 100 + (uint32_t)page : 7);
        _exit(wrong != 0);
    }
    int child_right = child_first ? ended(pid) : 1, wrong = 0;
    for (int page = 1; page < PAGES; page += 3)
        *word(page) = 9;
    write(go[1], "", 1);
    if (!child_first)
        child_right = ended(pid);
    for (int page = 0; page < PAGES; page++)
        wrong += *word(page) != (page % 3 == 1 ? 9 : 100 + (uint32_t)page);
    close(go[0]);
    close(go[1]);
    ok(child_right && !wrong, child_first ? "the child writes first" : "the parent writes first");
}

// A chain of forks without a write in between; then all write, the youngest first.
static void generations(int left)
{
    pid_t pid = left ? fork() : -1;
    if (pid == 0)
        generations(left - 1);
    int right = !left || ended(pid);
    right = right && count_wrong(500) == 0;
    write_all(600 + (uint32_t)left);
    right = right && count_wrong(600 + (uint32_t)left) == 0;
    if (left < 5)
        _exit(!right);
    ok(right, "six generations share, then each writes all");
}

// Unmap and protect meet lent tables: whole ones, and ones that are cut.
static void change_ranges(void)
{
    write_all(1);
    pid_t pid = fork();
    if (pid == 0) {
        char *at = (char *)memory;
        int bad = munmap(at + PAGE, 3 * SPAN) || mprotect(at + 4 * SPAN + PAGE, SPAN, PROT_READ);
        bad |= *word(0) != 1 || *word(3 * 512 + 1) != 1 + 3 * 512 + 1 || *word(5 * 512) != 1 + 5 * 512;
        *word(7 * 512) = 3;
        _exit(bad);
    }
    ok(ended(pid) && count_wrong(1) == 0, "a child unmaps and protects; the parent keeps all");
}

int main(void)
{
    char *raw = mmap(NULL, (TABLES + 1) * SPAN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory = (uint32_t *)(((uintptr_t)raw + SPAN - 1) & ~(uintptr_t)(SPAN - 1));
    write_all(0);
    ok(raw != MAP_FAILED && count_wrong(0) == 0, "memory");
    // A few more than the tables: the program's own data and stack are parted as well.
    long after_exit = faults_of_rewriting(NULL), after_exec = faults_of_rewriting("/bin/true");
    ok(after_exit >= 0 && after_exit <= TABLES + 2, "%ld faults to rewrite %d tables after exit", after_exit, TABLES);
    ok(after_exec >= 0 && after_exec <= 2 * TABLES + 2, "%ld faults after exec", after_exec);
    who_writes_what(1);
    who_writes_what(0);
    write_all(500);
    generations(5);
    change_ranges();
    ok(munmap(raw, (TABLES + 1) * SPAN) == 0, "unmap all");
    return done();
}
