// SPDX-License-Identifier: MIT
// t_storm [SEED]: processes of many threads, which lock, sleep, map, fork, vfork and make more threads, until
// one of them ends all in one of many ways. The oracle: how a process ends is decided before it begins, every
// thread knows what its own page must hold, and where several race for the end, one of them wins.
#include "threads.h"

enum { THREADS = 5, ROUNDS = 24, AT_ONCE = 3, BUSY_PAGES = 4 };
enum way { EXIT_GROUP, EXIT_EACH, EXEC, FAULT, KILL_THREAD, KILL_SELF, KILL_BY_PARENT, RACE, WAYS };

static struct actor {
    struct thread thread, helper;
    unsigned long seed;
    bool has_helper;
    char page[PAGE];
} actors[THREADS];
static _Atomic int mutex, word, other;
static long guarded[2];
static enum way way;
static int ender, patience;
static _Atomic bool stop;
static char *program;

static unsigned next_random(unsigned long *seed, unsigned below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (*seed >> 33) % below;
}

static _Noreturn void die_of(const char *what)
{
    raw(SYS_write, 1, (long)what, strlen(what), 0, 0, 0);
    _exit(99);
}

static void use_mutex(void)
{
    lock(&mutex);
    if (guarded[0]++ != guarded[1]++)
        die_of("the mutex does not exclude\n");
    unlock(&mutex);
}

static void sleep_and_wake(unsigned choice)
{
    struct timespec soon = {0, 200000};
    if (choice == 0)
        futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &soon, NULL, 0);
    else if (choice == 1)
        futex(&other, FUTEX_WAIT, 0, &soon, NULL, 0);
    else if (choice == 2)
        futex(&word, FUTEX_REQUEUE | FUTEX_PRIVATE_FLAG, 1, (void *)2, &other, 0);
    else
        wake(&other, 1 + wake(&word, 1));
}

// The page is written and read while others fork: each sharing must be broken for the right thread.
static void use_page(struct actor *self)
{
    int byte = next_random(&self->seed, 256);
    memset(self->page, byte, PAGE);
    char *more = (char *)raw(SYS_mmap, 0, BUSY_PAGES * PAGE, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((long)more > 0) {
        memset(more, byte, BUSY_PAGES * PAGE);
        if (!filled(more, byte, BUSY_PAGES * PAGE))
            die_of("new memory is not what was written\n");
        raw(SYS_munmap, (long)more, BUSY_PAGES * PAGE, 0, 0, 0, 0);
    }
    if (!filled(self->page, byte, PAGE))
        die_of("a thread's page is not what it wrote\n");
}

static int end_at_once(void *unused)
{
    use_mutex();
    return 0;
}

static void use_helper(struct actor *self)
{
    if (self->has_helper)
        join(&self->helper);
    self->has_helper = raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0) == 0;
    if (clone(end_at_once, self->helper.stack + sizeof self->helper.stack, THREAD_FLAGS, NULL,
              (int *)&self->helper.tid, self, (int *)&self->helper.tid) < 0)
        self->has_helper = false; // no memory, or the process ends
}

static int be_true(void *unused)
{
    char *words[] = {"true", NULL}, *none[] = {NULL};
    raw(SYS_execve, (long)"/bin/true", (long)words, (long)none, 0, 0, 0);
    return 1;
}

static void use_child(struct actor *self, bool vfork)
{
    int status = 0;
    char stack[2048];
    long pid =
        vfork ? clone(be_true, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, NULL)
              : raw(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
    if (pid == 0) {
        memset(self->page, 0, PAGE);
        _exit(0);
    }
    if (pid > 0 && (raw(SYS_wait4, pid, (long)&status, 0, 0, 0, 0) != pid || status))
        die_of("a child did not end as it should\n");
}

static void exec_self(int code)
{
    char text[8];
    snprintf(text, sizeof text, "%d", code);
    char *words[] = {"t_storm", "end", text, NULL}, *none[] = {NULL};
    raw(SYS_execve, (long)program, (long)words, (long)none, 0, 0, 0);
}

static void end_all(struct actor *self)
{
    switch (way) {
    case EXIT_GROUP:
        _exit(41);
    case EXEC:
        exec_self(42);
        die_of("exec came back\n");
    case FAULT:
        *(volatile int *)8 = 1;
        break;
    case KILL_THREAD:
        raw(SYS_tkill, actors[next_random(&self->seed, THREADS)].thread.tid ?: self_tid(), SIGUSR2, 0, 0, 0,
            0);
        break;
    case KILL_SELF:
        kill(getpid(), SIGUSR1);
        break;
    default:
        stop = true;
    }
}

static void race(struct actor *self)
{
    switch (next_random(&self->seed, 3)) {
    case 0:
        exec_self(42);
        break;
    case 1:
        _exit(41);
    default:
        kill(getpid(), SIGKILL);
    }
}

static int act(void *argument)
{
    struct actor *self = argument;
    for (int done = 0; !stop; done++) {
        if (self == &actors[ender] && done == patience)
            end_all(self);
        if (way == RACE && done == patience)
            race(self);
        switch (next_random(&self->seed, 10)) {
        case 0:
        case 1:
            use_mutex();
            break;
        case 2:
        case 3:
        case 4:
            sleep_and_wake(next_random(&self->seed, 4));
            break;
        case 5:
        case 6:
            use_page(self);
            break;
        case 7:
            use_helper(self);
            break;
        default:
            use_child(self, next_random(&self->seed, 2));
        }
    }
    return 0;
}

static int storm(void *unused)
{
    for (int i = 0; i < THREADS; i++)
        spawn(&actors[i].thread, act, &actors[i]);
    if (way == EXIT_EACH)
        raw(SYS_exit, 43, 0, 0, 0, 0, 0);
    for (;;)
        sleep(1000);
}

static pid_t begin(unsigned long *seed)
{
    way = next_random(seed, WAYS);
    ender = next_random(seed, THREADS);
    patience = way == KILL_BY_PARENT ? -1 : (int)next_random(seed, 40);
    for (int i = 0; i < THREADS; i++)
        actors[i].seed = *seed + i * 1000003ul;
    return start(storm, NULL);
}

static bool as_decided(int status, enum way decided)
{
    bool win[] = {exited(status, 41),      exited(status, 43),      exited(status, 42),
                  killed(status, SIGSEGV), killed(status, SIGUSR2), killed(status, SIGUSR1),
                  killed(status, SIGTERM)};
    return decided == RACE ? win[EXIT_GROUP] || win[EXEC] || killed(status, SIGKILL) : win[decided];
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return self_tid() == getpid() ? atoi(argv[2]) : 98;
    program = argv[0];
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
    for (int round = 0; round < ROUNDS / AT_ONCE; round++) {
        pid_t pids[AT_ONCE];
        enum way ways[AT_ONCE];
        for (int i = 0; i < AT_ONCE; i++) {
            pids[i] = begin(&seed);
            ways[i] = way;
        }
        usleep(1000 + next_random(&seed, 3000));
        for (int i = 0; i < AT_ONCE; i++) {
            if (ways[i] == KILL_BY_PARENT)
                kill(pids[i], SIGTERM);
            int status = reap(pids[i]);
            ok(as_decided(status, ways[i]), "way %d, status %#x", ways[i], status);
        }
    }
    return done();
}
