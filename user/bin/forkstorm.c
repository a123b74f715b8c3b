// SPDX-License-Identifier: MIT
// forkstorm [COUNT [SEED]]: COUNT processes, up to 32 at a time, that end in every way: by exit, by a signal
// of their own, killed while they sleep, while they run, while they wait for a child. Every wait status is
// checked.
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 32 };
static struct {
    pid_t pid;
    int expected; // its wait status
} storm[AT_ONCE];
static unsigned long seed;

static unsigned next_random(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static void in_child(unsigned way, int code)
{
    pid_t pid;
    int status;
    switch (way) {
    case 0:
        _exit(code);
    case 1:
        for (int i = 0; i < code; i++)
            sched_yield();
        _exit(code);
    case 2:
        kill(getpid(), 1 + code % 9);
        _exit(0);
    case 3:
        sleep(1000);
        _exit(0);
    case 4:
        for (volatile long i = 0;; i++)
            ;
    case 5: // a child of its own, which it waits for
        if ((pid = fork()) == 0)
            _exit(code);
        _exit(pid > 0 && waitpid(pid, &status, 0) == pid && status == code << 8 ? code : 255);
    default: // leaves a child behind
        if (fork() == 0)
            sched_yield();
        _exit(code);
    }
}

static void start(int slot)
{
    unsigned way = next_random(7);
    int code = next_random(100);
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0)
        in_child(way, code);
    storm[slot].pid = pid;
    storm[slot].expected = way == 2 ? 1 + code % 9 : way == 3 || way == 4 ? SIGKILL : code << 8;
    if (way == 3 || way == 4) {
        for (int i = next_random(4); i > 0; i--)
            sched_yield();
        if (kill(pid, SIGKILL) < 0)
            err(1, "kill %d", pid);
    }
}

static void reap(void)
{
    int status, slot = 0;
    pid_t pid = wait(&status);
    while (slot < AT_ONCE && storm[slot].pid != pid)
        slot++;
    if (pid < 0 || slot == AT_ONCE)
        errx(1, "wait gave %d, nobody's child", pid);
    if ((status & 0xff7f) != storm[slot].expected)
        errx(1, "process %d: wait status %#x, expected %#x", pid, status, storm[slot].expected);
    storm[slot].pid = 0;
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 500, running = 0;
    seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1;
    for (int started = 0; started < count || running;) {
        int slot = 0;
        while (slot < AT_ONCE && storm[slot].pid)
            slot++;
        if (started < count && slot < AT_ONCE && next_random(3)) {
            start(slot);
            started++;
            running++;
        } else if (running) {
            reap();
            running--;
        }
    }
    printf("forkstorm: %d processes: ok\n", count);
    return 0;
}
