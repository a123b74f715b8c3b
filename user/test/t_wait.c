// SPDX-License-Identifier: MIT
// wait4, exit and kill: every status is told exactly once, to the right parent.
#include <time.h>
#include "ktap.h"

static int ends[2];

static int exit_with(void *code)
{
    return *(int *)code;
}

static int sleep_long(void *unused)
{
    sleep(1000);
    return 0;
}

static int spin(void *unused)
{
    for (volatile long i = 0;; i++)
        ;
}

static int read_pipe(void *unused)
{
    char c;
    return read(ends[0], &c, 1);
}

static int wait_for_child(void *unused)
{
    pid_t child = start(sleep_long, NULL);
    write(ends[1], &child, sizeof child);
    reap(child);
    return 0;
}

static int yield_then_exit(void *unused)
{
    for (int i = 0; i < 20; i++)
        syscall(SYS_sched_yield);
    return 9;
}

static int kill_self(void *number)
{
    kill(getpid(), *(int *)number);
    return 0;
}

// Until it has had `count` page faults.
static int fault_often(void *count)
{
    while (faults() < *(long *)count) {
        char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(page != MAP_FAILED, "mmap");
        *page = 1;
        munmap(page, PAGE);
    }
    return 0;
}

static int wait_for_faults(void *count)
{
    return in_child(fault_often, count);
}

static void usages(void)
{
    long count = 1000;
    struct rusage before, after, usage = {0};
    getrusage(RUSAGE_CHILDREN, &before);
    pid_t pid = start(wait_for_faults, &count);
    ok(wait4(pid, NULL, 0, &usage) == pid && usage.ru_minflt >= count, "usage: with what grandchildren used");
    getrusage(RUSAGE_CHILDREN, &after);
    ok(after.ru_minflt - before.ru_minflt == usage.ru_minflt, "and the same as getrusage tells");
}

int main(void)
{
    int status = 0, numbers[] = {SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGUSR1, SIGSEGV},
        codes[] = {0, 1, 127, 255, 256 + 3};
    must(pipe(ends) == 0, "pipe");
    fails(wait(&status), ECHILD, "wait without children");
    for (int i = 0; i < 5; i++)
        ok(in_child(exit_with, &codes[i]) == (codes[i] & 255) << 8, "exit(%d)", codes[i]);
    for (int i = 0; i < 6; i++)
        ok(killed(in_child(kill_self, &numbers[i]), numbers[i]), "ended by signal %d", numbers[i]);

    int (*bodies[])(void *) = {sleep_long, spin, read_pipe};
    const char *names[] = {"asleep", "running", "reading a pipe"};
    for (int i = 0; i < 3; i++) {
        pid_t pid = start(bodies[i], NULL);
        usleep(2000);
        ok(waitpid(pid, &status, WNOHANG) == 0, "WNOHANG: still %s", names[i]);
        ok(kill(pid, SIGKILL) == 0 && killed(reap(pid), SIGKILL), "killed while %s", names[i]);
    }

    pid_t first = start(exit_with, &codes[1]), second = start(exit_with, &codes[2]);
    ok(exited(reap(second), 127) && exited(reap(first), 1), "waiting for one child leaves the other");
    pid_t pid = start(yield_then_exit, NULL);
    ok(wait(&status) == pid && exited(status, 9), "wait finds the only child");
    fails(waitpid(pid, &status, 0), ECHILD, "a status is told once");
    fails(kill(pid, 0), ESRCH, "kill of a process that was waited for");
    pid = start(exit_with, &codes[0]);
    usleep(2000);
    ok(kill(pid, 0) == 0 && exited(reap(pid), 0), "a zombie is still there");
    pid = start(exit_with, &codes[0]);
    ok(waitpid(pid, NULL, 0) == pid, "no place for the status");

    // The child of a child is nobody's here, also after its parent was killed.
    pid_t grandchild = 0;
    pid = start(wait_for_child, NULL);
    must(read(ends[0], &grandchild, sizeof grandchild) == sizeof grandchild, "read");
    fails(waitpid(grandchild, &status, 0), ECHILD, "wait for a grandchild");
    ok(kill(pid, SIGKILL) == 0 && killed(reap(pid), SIGKILL), "a parent killed while it waits");
    ok(kill(grandchild, SIGKILL) == 0, "its child lives on");
    fails(waitpid(grandchild, &status, 0), ECHILD, "an adopted grandchild is init's");

    fails(waitpid(getpid(), &status, 0), ECHILD, "wait for oneself");
    fails(kill(99999999, SIGTERM), ESRCH, "kill of nobody");
    fails(kill(getpid(), 65), EINVAL, "kill with no signal");
    fails(kill(-2147483647 - 1, SIGTERM), ESRCH, "kill of a group whose number has no negative");
    fails(waitpid(-2147483647 - 1, &status, 0), ESRCH, "wait for it");
    fails(waitpid(-1, &status, 0x1000), EINVAL, "wait with unknown options");
    fails(waitpid(-1, &status, WNOHANG | 8), ECHILD, "WCONTINUED is known");
    usages();
    return done();
}
