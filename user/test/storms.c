// SPDX-License-Identifier: MIT
// storms [SEED [swap]]: other programs of this directory at once, which ones and how much of it by the seed:
// processes (soak), threads that end in every way (t_storm), threads in a space that forks (threadstress),
// mappings (mapstress), 2 MiB pages (megastress). Each is its own oracle. swap: beside them somebody goes
// round in three quarters of RAM and swap, and finds what he has written, so that all else is swapped out
// again and again. Short, so that many seeds can be tried: ./kine test -C full -L seed.
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include "ktap.h"

enum { PROGRAMS_MOST = 3, ROUND_PAUSE_US = 500 };

static unsigned long random_state;
static struct {
    _Atomic int over;
    unsigned long swapped_pages; // most at any time
} * taking;                      // shared with the one who takes memory

static unsigned below(unsigned limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 33) % limit;
}

static const struct program {
    const char *path;
    unsigned least, more; // of its second argument
    const char *third;
} programs[] = {
    {"/test/soak", 100, 300, NULL},    {"/test/t_storm", 0, 0, NULL},    {"/test/threadstress", 0, 0, NULL},
    {"/test/mapstress", 30, 120, "2"}, {"/test/megastress", 0, 0, NULL},
};
enum { PROGRAMS = sizeof programs / sizeof *programs };

static pid_t execute(const struct program *program, unsigned long seed)
{
    char texts[2][24];
    char *arguments[5] = {(char *)program->path, texts[0]};
    unsigned amount = program->least + (program->more ? below(program->more) : 0);
    snprintf(texts[0], sizeof texts[0], "%lu", seed);
    snprintf(texts[1], sizeof texts[1], "%u", amount);
    if (amount)
        arguments[2] = texts[1], arguments[3] = (char *)program->third;
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0) {
        int quiet =
            open("/dev/null", O_WRONLY); // one plan, one program that says ok; the others have their status
        dup2(quiet, 1);
        execve(program->path, arguments, environ);
        _exit(127);
    }
    return pid;
}

// => 0: each page was as it had been left, whenever it was looked at
static int take_memory(void *unused)
{
    struct sysinfo info;
    must(sysinfo(&info) == 0, "sysinfo");
    size_t pages = (info.freeram + info.freeswap) * info.mem_unit / PAGE / 4 * 3; // the others need some, too
    unsigned long(*memory)[PAGE / 8] =
        mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    for (unsigned long round = 0; !taking->over; round++) {
        for (size_t page = 0; page < pages; page++) {
            if (memory[page][page % 512] != (round ? round * pages + page : 0))
                return 1;
            memory[page][page % 512] = (round + 1) * pages + page;
            if (page % 64)
                continue;
            usleep(ROUND_PAUSE_US);
            sysinfo(&info);
            unsigned long swapped = (info.totalswap - info.freeswap) * info.mem_unit / PAGE;
            taking->swapped_pages = swapped > taking->swapped_pages ? swapped : taking->swapped_pages;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
    bool swap = argc > 2;
    pid_t pids[PROGRAMS_MOST];
    const struct program *which[PROGRAMS_MOST];
    random_state = seed * 0x9e3779b97f4a7c15u;
    taking = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must((void *)taking != MAP_FAILED, "mmap");
    pid_t taker = swap ? start(take_memory, NULL) : 0;
    unsigned count = 1 + below(PROGRAMS_MOST), first = below(PROGRAMS);
    for (unsigned i = 0; i < count; i++) {
        which[i] = &programs[(first + i) % PROGRAMS]; // none twice: some have a directory of their own
        pids[i] = execute(which[i], seed + i);
    }
    for (unsigned i = 0; i < count; i++) {
        int status = reap(pids[i]);
        if (exited(status, 127))
            skip(which[i]->path, "not in this kernel");
        else
            ok(exited(status, 0), "%s: status %#x", which[i]->path, status);
    }
    taking->over = 1;
    if (swap)
        ok(exited(reap(taker), 0) && taking->swapped_pages > 0,
           "%lu pages were swapped out at once, and who took all memory "
           "found what he had written",
           taking->swapped_pages);
    return done();
}
