// SPDX-License-Identifier: MIT
// Threads: clone(2) and what it shares; the ends of a thread and of a process; exec, signals and vfork among
// them.
#include "threads.h"

enum { THREADS = 6, ROUNDS = 200 };

static struct thread threads[THREADS];
static _Atomic int word, counter, opened = -1;
static char *program;
static int ends[2];

static void start_all(int (*body)(void *))
{
    for (long i = 0; i < THREADS; i++)
        spawn(&threads[i], body, (void *)i);
}

static void join_all(void)
{
    for (int i = 0; i < THREADS; i++)
        join(&threads[i]);
}

static int sleep_for_good(void *unused)
{
    return wait_on(&word, 0);
}

static int spin(void *unused)
{
    for (;;)
        counter++;
}

// --- what is shared ---

static void *own_pointer(void)
{
    void *tp;
    asm volatile("mv %0, tp" : "=r"(tp));
    return tp;
}

static int look_at_self(void *index)
{
    struct thread *self = &threads[(long)index];
    for (int i = 0; i < ROUNDS; i++) {
        bool good = own_pointer() == self && self_tid() == self->tid && self->tid != getpid();
        counter += good;
        raw(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
    }
    return 0;
}

static int open_and_move(void *unused)
{
    raw(SYS_chdir, (long)"/bin", 0, 0, 0, 0, 0);
    opened = raw(SYS_openat, AT_FDCWD, (long)"sh", O_RDONLY, 0, 0, 0);
    return 0;
}

// Memory and descriptors come and go under each other's feet.
static int churn(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        char *page =
            (char *)raw(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        long fd = raw(SYS_dup, opened, 0, 0, 0, 0, 0);
        page[i] = 1;
        counter += fd > 2 && raw(SYS_read, fd, (long)page, 0, 0, 0, 0) == 0 && page[i] == 1;
        raw(SYS_close, fd, 0, 0, 0, 0, 0);
        raw(SYS_munmap, (long)page, PAGE, 0, 0, 0, 0);
    }
    return 0;
}

// One descriptor, always closed by somebody: each call sees it whole or not at all.
static int fight(void *unused)
{
    char byte;
    for (int i = 0; i < ROUNDS; i++) {
        raw(SYS_dup3, opened, 40, 0, 0, 0, 0);
        long got = raw(SYS_pread64, 40, (long)&byte, 1, 0, 0, 0);
        counter += got == 1 || got == -EBADF;
        raw(SYS_close, 40, 0, 0, 0, 0, 0);
    }
    return 0;
}

static int make_child(void *unused)
{
    if (raw(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0) == 0)
        _exit(21);
    return 0;
}

static void sharing(void)
{
    start_all(look_at_self);
    join_all();
    ok(counter == THREADS * ROUNDS, "each thread has its tid, its tp and the same pid");
    spawn(&threads[0], open_and_move, NULL);
    join(&threads[0]);
    char where[16];
    struct stat file;
    ok(getcwd(where, sizeof where) && strcmp(where, "/bin") == 0, "a working directory is shared");
    ok(opened > 2 && fstat(opened, &file) == 0, "so are open files");
    counter = 0;
    start_all(churn);
    join_all();
    ok(counter == THREADS * ROUNDS, "mmap and dup at the same time");
    counter = 0;
    start_all(fight);
    join_all();
    ok(counter == THREADS * ROUNDS, "close against read and dup");
    for (int i = 0; i < 40; i++) {
        spawn(&threads[0], make_child, NULL);
        join(&threads[0]);
    }
    int status, good = 0;
    for (int i = 0; i < 40; i++)
        good += wait(&status) > 0 && exited(status, 21);
    ok(good == 40, "any thread waits for the children of all, also of those that have ended");
}

// --- ends ---

static int exit_group_7(void *unused)
{
    _exit(7);
}

static int others_then(int (*last)(void *))
{
    start_all(sleep_for_good);
    struct thread busy[2];
    spawn(&busy[0], spin, NULL);
    spawn(&busy[1], last, NULL);
    return sleep_for_good(NULL);
}

static int group_from_thread(void *unused)
{
    return others_then(exit_group_7);
}

static int leave_when_told(void *unused)
{
    char byte;
    raw(SYS_read, ends[0], (long)&byte, 1, 0, 0, 0);
    return 9;
}

static int leader_first(void *unused)
{
    spawn(&threads[0], leave_when_told, NULL);
    return raw(SYS_exit, 3, 0, 0, 0, 0, 0);
}

static int touch_nothing(void *unused)
{
    return *(volatile int *)8;
}

static int fault_in_thread(void *unused)
{
    return others_then(touch_nothing);
}

static int signal_thread(void *unused)
{
    start_all(sleep_for_good);
    raw(SYS_tgkill, getpid(), threads[3].tid, SIGUSR1, 0, 0, 0);
    return sleep_for_good(NULL);
}

static int block(long how)
{
    uint64_t set = 1 << (SIGTERM - 1);
    return raw(SYS_rt_sigprocmask, how, (long)&set, 0, 8, 0, 0);
}

// A thread that unblocks what all block finds it pending for the process.
static int unblock_later(void *unused)
{
    kill(getpid(), SIGTERM);
    counter++;
    block(SIG_UNBLOCK);
    return sleep_for_good(NULL);
}

static int all_block(void *unused)
{
    block(SIG_BLOCK);
    start_all(sleep_for_good);
    struct thread one;
    spawn(&one, unblock_later, NULL);
    join(&one);
    return 0;
}

// The first thread blocks it, so another has to take it.
static int sleep_open(void *unused)
{
    block(SIG_UNBLOCK);
    return sleep_for_good(NULL);
}

static int only_one_takes(void *unused)
{
    block(SIG_BLOCK);
    spawn(&threads[0], sleep_open, NULL);
    wait_for_sleepers(&word, 1);
    kill(getpid(), SIGTERM);
    return sleep_for_good(NULL);
}

// As many as there are numbers or memory for; then all end at once.
static int too_many(void *unused)
{
    enum { MOST = 10000, STACK = 256 };
    char *stacks = mmap(NULL, MOST * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(stacks, 0, MOST * STACK); // or a thread might be the one that finds no memory
    int made = 0;
    while (made < MOST && clone(sleep_for_good, stacks + (made + 1) * STACK, THREAD_FLAGS, NULL,
                                (int *)&opened, NULL, (int *)&opened) > 0)
        made++;
    return made > 100 && made < MOST && (errno == EAGAIN || errno == ENOMEM) ? 8 : 9;
}

static void ending(void)
{
    ok(exited(in_child(group_from_thread, NULL), 7), "exit_group by a thread ends all, with its status");
    int status;
    pid_t pid = start(leader_first, NULL);
    usleep(2000);
    ok(waitpid(pid, &status, WNOHANG) == 0 && kill(pid, 0) == 0,
       "the first thread is gone, the process is not");
    write(ends[1], "", 1);
    ok(exited(reap(pid), 3), "its status is the first thread's");
    ok(killed(in_child(fault_in_thread, NULL), SIGSEGV), "a fault in one thread ends all");
    ok(killed(in_child(signal_thread, NULL), SIGUSR1), "a signal to one thread ends all");
    ok(killed(in_child(only_one_takes, NULL), SIGTERM),
       "a signal to the process finds who does not block it");
    ok(killed(in_child(all_block, NULL), SIGTERM), "blocked by all, it waits for one who unblocks it");

    ok(exited(in_child(too_many, NULL), 8), "too many threads: EAGAIN or ENOMEM, and all of them end");

    spawn(&threads[0], sleep_for_good, NULL);
    int tid = threads[0].tid;
    ok(raw(SYS_tgkill, getpid(), tid, 0, 0, 0, 0) == 0 && raw(SYS_tkill, tid, 0, 0, 0, 0, 0) == 0,
       "tgkill, tkill: 0");
    ok(raw(SYS_tgkill, getppid(), tid, 0, 0, 0, 0) == -ESRCH, "a thread of another process: ESRCH");
    ok(raw(SYS_tgkill, 0, tid, 0, 0, 0, 0) == -EINVAL && raw(SYS_tkill, -1, 0, 0, 0, 0, 0) == -EINVAL &&
           raw(SYS_tkill, tid, 65, 0, 0, 0, 0) == -EINVAL, "no numbers of threads or signals: EINVAL");
    wait_for_sleepers(&word, 1);
    wake(&word, 1);
    join(&threads[0]);
    long result;
    while (!(result = raw(SYS_tkill, tid, 0, 0, 0, 0, 0))) // join returns a little before its number is free
        sched_yield();
    ok(result == -ESRCH, "a thread that has ended: ESRCH");
}

// --- exec ---

static int exec_self(void *file)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", getpid());
    return execve(file ? file : program, (char *[]){"t_threads", "exec", pid, NULL}, (char *[]){NULL});
}

static int exec_from_thread(void *unused)
{
    return others_then(exec_self);
}

static int exec_fails(void *unused)
{
    start_all(sleep_for_good);
    int result = exec_self("/no/such/program");
    wait_for_sleepers(&word, THREADS);
    wake(&word, INT_MAX);
    join_all();
    return result == -1 ? 5 : 6;
}

static int all_exec(void *unused)
{
    start_all(exec_self);
    return sleep_for_good(NULL);
}

// --- vfork: a child in our memory ---

static int child_of(int (*body)(void *), int flags)
{
    return clone(body, threads[0].stack + sizeof threads[0].stack, flags, NULL, NULL, NULL, NULL);
}

static int set_word(void *unused)
{
    usleep(2000);
    counter = 77;
    _exit(4);
}

static int vfork_and_die(void *unused)
{
    return child_of(leave_when_told, CLONE_VM | CLONE_VFORK | SIGCHLD);
}

static void exec_and_vfork(void)
{
    ok(exited(in_child(exec_from_thread, NULL), 11), "exec by a thread: alone, with the pid of the process");
    ok(exited(in_child(exec_fails, NULL), 5), "an exec that fails leaves the other threads");
    ok(exited(in_child(all_exec, NULL), 11), "exec by all at once: one wins");

    counter = 0;
    pid_t pid = child_of(set_word, CLONE_VM | CLONE_VFORK | SIGCHLD);
    ok(counter == 77 && exited(reap(pid), 4), "vfork: the same memory, and the parent waits for the end");
    pid = child_of(exec_self, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD);
    fcntl(opened, F_SETFD, FD_CLOEXEC);
    ok(pid > 0 && exited(reap(pid), 11), "vfork and exec");
    pid = child_of(exec_self, CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD);
    struct stat file;
    ok(exited(reap(pid), 11) && fstat(opened, &file) == 0,
       "exec does not close the files of those it shared with");
    pid = start(vfork_and_die, NULL);
    usleep(2000);
    ok(kill(pid, SIGKILL) == 0 && killed(reap(pid), SIGKILL), "killed while it waits for its vfork child");
    write(ends[1], "", 1); // the child is init's now, and ends
    int status;
    pid = child_of(set_word, CLONE_VM);
    fails(waitpid(pid, &status, 0), ECHILD, "a child that ends without SIGCHLD is not waited for");
    ok(waitpid(pid, &status, __WCLONE) == pid && exited(status, 4), "but with __WCLONE");
    pid = child_of(set_word, CLONE_VM);
    ok(waitpid(pid, &status, __WALL | __WNOTHREAD) == pid && exited(status, 4), "or __WALL");
}

// --- what is refused, what is borne ---

static void clone_arguments(void)
{
    const struct {
        int flags, error;
    } table[] = {
        {CLONE_THREAD, EINVAL},
        {CLONE_THREAD | CLONE_VM, EINVAL},
        {CLONE_THREAD | CLONE_SIGHAND, EINVAL},
        {CLONE_SIGHAND, EINVAL},
        {CLONE_SIGHAND | CLONE_FS, EINVAL},
        {0x20000, EINVAL}, // CLONE_NEWNS
        {0x20000000, EINVAL}, // CLONE_NEWPID
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ok(raw(SYS_clone, table[i].flags | SIGCHLD, 0, 0, 0, 0, 0) == -table[i].error, "clone flags %#x: %s",
           table[i].flags, strerror(table[i].error));
    ok(raw(SYS_clone3, 8, 8, 0, 0, 0, 0) == -ENOSYS, "clone3: ENOSYS");
    long bad[] = {8, -4096L, 0x3ffffffffd, (long)ends + 1};
    for (int i = 0; i < 4; i++) {
        pid_t pid = raw(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                        0, i < 3 ? bad[i] : 0, 0, bad[i], 0);
        if (pid == 0)
            _exit(1);
        ok(exited(reap(pid), 1), "numbers that go nowhere (%#lx) are lost, no more", bad[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) // the program that threads become
        return self_tid() == getpid() && getpid() == atoi(argv[2]) ? 11 : 12;
    program = argv[0];
    must(pipe(ends) == 0, "pipe");
    sharing();
    ending();
    exec_and_vfork();
    clone_arguments();
    return done();
}
