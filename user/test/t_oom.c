// SPDX-License-Identifier: MIT
// All memory is used up, in several ways. Somebody gets ENOMEM or is killed; everybody else lives, and the
// memory comes back. (Not for a host: there it would do the same.)
#include <sys/sysinfo.h>
#include "ktap.h"

enum { BYSTANDERS = 4, KEPT = 64 };

// Takes memory until there is no more, by brk alone, and touches all of it.
static int take_all(void *unused)
{
    for (size_t step = 1 << 20; step >= PAGE;) {
        char *memory = sbrk(step);
        if (memory == (void *)-1) {
            if (errno != ENOMEM)
                return 1;
            step /= 2;
            continue;
        }
        for (size_t i = 0; i < step; i += PAGE)
            memory[i] = 1;
    }
    return 0;
}

// Owns more than half; a forked child then writes all of it too.
static int copy_too_much(void *half)
{
    size_t bytes = *(size_t *)half;
    char *memory = sbrk(bytes);
    if (memory == (void *)-1)
        return 2;
    for (size_t i = 0; i < bytes; i += PAGE)
        memory[i] = 'p';
    pid_t pid = fork();
    if (pid < 0)
        return errno == ENOMEM ? 0 : 1;
    if (pid == 0) {
        for (size_t i = 0; i < bytes; i += PAGE)
            memory[i] = 'c';
        _exit(0);
    }
    reap(pid); // by exit or by a signal
    for (size_t i = 0; i < bytes; i += PAGE)
        if (memory[i] != 'p')
            return 1;
    return 0;
}

// Sleeps through it all with some memory of its own, which is whole in the end.
static int stand_by(void *fd)
{
    static char memory[KEPT * PAGE];
    char c;
    memset(memory, getpid(), sizeof memory);
    return read(*(int *)fd, &c, 1) == 0 && filled(memory, getpid(), sizeof memory) ? 0 : 1;
}

static unsigned long free_pages(void)
{
    struct sysinfo info;
    must(sysinfo(&info) == 0, "sysinfo");
    return info.freeram * info.mem_unit / PAGE;
}

int main(void)
{
    int ends[2], whole = 0;
    pid_t bystanders[BYSTANDERS];
    struct sysinfo info;
    must(sysinfo(&info) == 0 && pipe(ends) == 0, "sysinfo");
    size_t bytes = info.totalram * info.mem_unit / 100 * 60;
    for (int i = 0; i < BYSTANDERS; i++)
        if ((bystanders[i] = fork()) == 0) {
            close(ends[1]);
            _exit(stand_by(&ends[0]));
        }
    in_child(take_all, NULL);
    unsigned long before = free_pages();
    for (int i = 0; i < 3; i++) {
        int status = in_child(take_all, NULL);
        ok(exited(status, 0) || killed(status, SIGKILL), "all memory taken: ENOMEM, or the taker is killed");
    }
    int status = in_child(copy_too_much, &bytes);
    ok(exited(status, 0) || killed(status, SIGKILL), "60%% of memory, forked and written by both");
    close(ends[1]);
    for (int i = 0; i < BYSTANDERS; i++)
        whole += exited(reap(bystanders[i]), 0);
    ok(whole == BYSTANDERS, "the others live, their memory is whole");
    ok(free_pages() + 64 >= before, "the memory is back: %lu pages free, %lu before", free_pages(), before);
    return done();
}
