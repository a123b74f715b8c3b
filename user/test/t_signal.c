// SPDX-License-Identifier: MIT
// Signals: a fatal one is not lost and nobody escapes from it, SIG_IGN throws away, and whom kill(2) finds.
// As init, it writes to a broken pipe. The argument is how many sleepers to kill.
#include "threads.h"
#include "uapi/kine.h"

static int gate[2], result[2];

// Until the other end of a pipe is closed.
static void wait_at(int read_end)
{
    char c;
    while (read(read_end, &c, 1) > 0)
        ;
}

static long change_mask(int how, int number)
{
    uint64_t set = (uint64_t)1 << (number - 1);
    return raw(SYS_rt_sigprocmask, how, (long)&set, 0, sizeof set, 0, 0);
}

// --- a sleeper whom a signal disturbs that it blocks -------------------------------------------------------

static _Atomic int sleeper, word;
static char sleeper_stack[8192] __attribute__((aligned(16)));

// Nobody wakes it: only what is fatal ends the sleep, and of that the program must not learn.
static int sleep_to_the_end(void *unused)
{
    sleeper = self_tid();
    while (wait_on(&word, 0) == 0)
        ;
    return 1;
}

// A signal that it blocks wakes it, and soon afterwards SIGKILL comes: perhaps just when it finds that the one due is
// blocked. It shares the memory, which makes it quick to start and to end.
static void fatal_while_disturbed(int tries)
{
    struct stress chance = {.random_state = 1};
    int lost = 0, status = 0;
    change_mask(SIG_BLOCK, SIGUSR1);
    for (int i = 0; i < tries; i++) {
        sleeper = 0;
        int pid = clone(sleep_to_the_end, sleeper_stack + sizeof sleeper_stack, CLONE_VM | SIGCHLD, NULL,
                        NULL, NULL, NULL);
        must(pid > 0, "clone");
        while (!sleeper || sleepers(&word) < 1)
            raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
        raw(SYS_tkill, pid, SIGUSR1, 0, 0, 0, 0);
        for (volatile unsigned wait = below(&chance, 1u << i % 13); wait; wait--)
            ;
        raw(SYS_kill, pid, SIGKILL, 0, 0, 0, 0);
        must(raw(SYS_wait4, pid, (long)&status, 0, 0, 0, 0) == pid, "wait4");
        lost += !killed(status, SIGKILL);
    }
    change_mask(SIG_UNBLOCK, SIGUSR1);
    ok(!lost, "SIGKILL ends a sleep that a blocked signal disturbs: %d of %d went on", lost, tries);
}

// --- a group that grows while it is killed ----------------------------------------------------------------

enum { GROUPS = 40, MEMBERS_MOST = 100 };

static _Atomic int *forks;

// A member that is alive when the gate opens says so.
static int member(void)
{
    wait_at(gate[0]);
    return write(result[1], "s", 1) != 1;
}

static int grow(void *unused)
{
    close(gate[1]);
    must(setpgid(0, 0) == 0, "setpgid");
    for (*forks = 0; *forks < MEMBERS_MOST; ++*forks)
        if (fork() == 0)
            _exit(member());
    return member();
}

// => whether somebody survived
static bool kill_growing(int members)
{
    char c;
    must(pipe(gate) == 0 && pipe(result) == 0, "pipe");
    *forks = -1;
    pid_t leader = start(grow, NULL);
    while (*forks < members)
        sched_yield();
    bool found = kill(-leader, SIGKILL) == 0;
    bool died = killed(reap(leader), SIGKILL);
    close(gate[0]), close(gate[1]), close(result[1]);
    bool survived = read(result[0], &c, 1) != 0;
    close(result[0]);
    return !found || !died || survived;
}

static void fatal_while_forking(void)
{
    int survived = 0;
    forks = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(forks != MAP_FAILED, "mmap");
    for (int i = 0; i < GROUPS; i++)
        survived += kill_growing(i % 4);
    ok(!survived, "SIGKILL for a group that forks: %d of %d survived", survived, GROUPS);
}

// --- SIG_IGN ----------------------------------------------------------------------------------------------

static void ignore_for_a_moment(int number)
{
    signal(number, SIG_IGN);
    signal(number, SIG_DFL);
}

static int discards(void *to_thread)
{
    change_mask(SIG_BLOCK, SIGTERM);
    if (*(bool *)to_thread)
        raw(SYS_tkill, self_tid(), SIGTERM, 0, 0, 0, 0);
    else
        kill(getpid(), SIGTERM);
    ignore_for_a_moment(SIGTERM);
    change_mask(SIG_UNBLOCK, SIGTERM);
    return 7;
}

static _Atomic int step;

static int unblock_later(void *unused)
{
    step = 1;
    while (step != 2)
        raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    change_mask(SIG_UNBLOCK, SIGTERM);
    return 0;
}

static int discards_for_all(void *unused)
{
    static struct thread other;
    change_mask(SIG_BLOCK, SIGTERM);
    spawn(&other, unblock_later, NULL);
    while (step != 1)
        sched_yield();
    must(raw(SYS_tkill, other.tid, SIGTERM, 0, 0, 0, 0) == 0, "tkill");
    ignore_for_a_moment(SIGTERM);
    step = 2;
    join(&other);
    return 7;
}

// Its children leave nothing; wait4 comes back when all have ended. Who takes them away may need a moment.
static int ignores_children(void *unused)
{
    int pids[3];
    must(signal(SIGCHLD, SIG_IGN) != SIG_ERR, "ignore SIGCHLD");
    for (int i = 0; i < 3; i++)
        if ((pids[i] = fork()) == 0) {
            usleep(2000);
            _exit(i);
        }
    if (wait(NULL) != -1 || errno != ECHILD)
        return 1;
    for (int i = 0; i < 3; i++)
        while (kill(pids[i], 0) == 0)
            usleep(1000);
    return errno == ESRCH ? 7 : 2;
}

static void ignoring(void)
{
    ok(exited(in_child(discards, &(bool){false}), 7), "SIG_IGN discards what is due to the process");
    ok(exited(in_child(discards, &(bool){true}), 7), "and to its thread");
    ok(exited(in_child(discards_for_all, NULL), 7), "and to another thread");
    ok(exited(in_child(ignores_children, NULL), 7), "SIGCHLD ignored: no zombies, and ECHILD in the end");
}

// --- groups -----------------------------------------------------------------------------------------------

static int lead_and_end(void *unused)
{
    return setpgid(0, 0) != 0;
}

static int stay(void *unused)
{
    close(gate[1]);
    wait_at(gate[0]);
    return 0;
}

// It leaves the group of its own number, in which a child stays.
static int becomes_leader(void *old_group)
{
    must(setpgid(0, 0) == 0 && pipe(gate) == 0, "a group");
    pid_t pid = start(stay, NULL);
    must(setpgid(0, *(int *)old_group) == 0, "another group");
    if (setsid() != -1 || errno != EPERM)
        return 1;
    close(gate[1]);
    must(ended(pid), "the child");
    return setsid() == getpid() ? 7 : 2;
}

static void groups(void)
{
    int own = getpgid(0);
    must(pipe(gate) == 0, "pipe");
    pid_t pid = start(lead_and_end, NULL);
    close(gate[1]);
    wait_at(gate[0]);
    usleep(2000);
    ok(kill(pid, 0) == 0 && kill(-pid, 0) == 0, "a group of one zombie is found");
    ok(kill(-pid, SIGKILL) == 0 && ended(pid), "and cannot be killed again");
    fails(kill(-pid, 0), ESRCH, "and is gone with it");
    ok(exited(in_child(becomes_leader, &own), 7), "setsid: EPERM while somebody is in the group of that number");
}

// No signal ends init. Then the machine is turned off: the status is 0 only if all was well.
static void be_init(void)
{
    if (open("/dev/console", O_RDWR) == 0) // a new init has nothing open
        must(dup(0) == 1 && dup(0) == 2, "dup");
    must(pipe(gate) == 0, "pipe");
    close(gate[0]);
    ok(write(gate[1], "x", 1) == -1 && errno == EPIPE, "init lives on: %s", strerror(EPIPE));
    fflush(stdout);
    raw(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, done(), 0, 0);
}

int main(int argc, char **argv)
{
    if (getpid() == 1)
        be_init();
    signal(SIGCHLD, SIG_DFL);
    fatal_while_disturbed(argc > 1 ? atoi(argv[1]) : 2000);
    fatal_while_forking();
    ignoring();
    groups();
    return done();
}
