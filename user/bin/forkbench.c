// SPDX-License-Identifier: MIT
// forkbench [-p PAGES] [MIB...]: what fork costs a process that has written so many MiB, or only the first PAGES
// of each 2 MiB of them, in instructions of this hart. Exact where virtual time is:
// ./kine run --icount --harts 1 --preset release [--append fork=...] -c forkbench
//
//   fork+exit    fork, _exit in the child, wait
//   fork+exec    fork, exec of a tiny program, wait
//   rewrite      per page: the parent writes all its memory after that; and the page faults that took, in all
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES_2MIB = 512, RUNS = 8 };
static size_t pages_of_2mib = PAGES_2MIB; // that are written

static uint64_t instructions(void)
{
    uint64_t count;
    __asm__ volatile("rdinstret %0" : "=r"(count));
    return count;
}

static long faults(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage))
        err(1, "getrusage");
    return usage.ru_minflt;
}

static void have_child(const char *program)
{
    pid_t pid = fork();
    int status;
    if (pid < 0)
        err(1, "fork");
    if (pid == 0 && program)
        execv(program, (char *[]){(char *)program, NULL});
    if (pid == 0)
        _exit(program ? 127 : 0);
    if (waitpid(pid, &status, 0) != pid || status)
        errx(1, "the child ended with status %#x", status);
}

static void write_all(volatile char *memory, size_t pages)
{
    for (size_t page = 0; page < pages; page++)
        if (page % PAGES_2MIB < pages_of_2mib)
            memory[page * PAGE]++;
}

struct cost {
    uint64_t child, rewrite; // instructions
    long faults;
};

static struct cost measure(const char *program, char *memory, size_t pages)
{
    struct cost sum = {0, 0, 0};
    for (int run = 0; run < RUNS; run++) {
        uint64_t start = instructions();
        have_child(program);
        uint64_t forked = instructions();
        long before = faults();
        uint64_t rewriting = instructions();
        write_all(memory, pages);
        sum.rewrite += instructions() - rewriting;
        sum.faults += faults() - before;
        sum.child += forked - start;
    }
    return (struct cost){sum.child / RUNS, sum.rewrite / RUNS, sum.faults / RUNS};
}

static void row(long mib)
{
    size_t pages = (size_t)mib << 8;
    char *raw = mmap(NULL, (pages + PAGES_2MIB) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED)
        err(1, "%ld MiB", mib);
    uintptr_t span = PAGES_2MIB * PAGE;
    char *memory = (char *)(((uintptr_t)raw + span - 1) & ~(span - 1));
    write_all(memory, pages);
    measure(NULL, memory, pages); // what is made once is made
    struct cost exits = measure(NULL, memory, pages), execs = measure("/bin/true", memory, pages);
    size_t each = pages ? pages * pages_of_2mib / PAGES_2MIB : 1;
    printf("%5ld %12lu %10lu %8ld %12lu %10lu %8ld\n", mib, exits.child, exits.rewrite / each, exits.faults,
           execs.child, execs.rewrite / each, execs.faults);
    munmap(raw, (pages + PAGES_2MIB) * PAGE);
}

int main(int argc, char **argv)
{
    static const long usual[] = {0, 1, 16, 64};
    for (int option; (option = getopt(argc, argv, "p:")) != -1;)
        if (option != 'p' || !(pages_of_2mib = strtoul(optarg, NULL, 0)))
            return 2;
    printf("  MiB    fork+exit  rewrite/p   faults    fork+exec  rewrite/p   faults\n");
    if (argc > optind)
        for (int i = optind; i < argc; i++)
            row(strtol(argv[i], NULL, 0));
    else
        for (unsigned i = 0; i < sizeof usual / sizeof usual[0]; i++)
            row(usual[i]);
    return 0;
}
