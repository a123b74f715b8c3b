// SPDX-License-Identifier: MIT
// Every way in which fork and its like, exec and page faults can run out of memory: failnth.h.
#include <sched.h>
#include <time.h>
#include "failnth_memory.h"
#include "uapi/futex.h"

enum { STACKS_MOST = 64 };

// --- processes and threads --------------------------------------------------------------------------------

static int fork_and_reap(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(7);
    if (pid < 0)
        return errno;
    return waitpid(pid, &status, 0) == pid && exited(status, 7) ? 0 : WRONG;
}

static int fork_much_and_write(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        *span(0) = 'c';
        _exit(*span(1) == 'p' ? 7 : 8);
    }
    if (pid < 0)
        return errno;
    *span(1) = 'q';
    return waitpid(pid, &status, 0) == pid && exited(status, 7) && *span(0) == 'p' ? 0 : WRONG;
}

static pid_t idlers[STACKS_MOST];

static void use_all_stacks(void)
{
    must(pipe(ends) == 0, "pipe");
    for (int i = 0; i < STACKS_MOST; i++)
        idlers[i] = start(idle_child, NULL);
}

static void release_stacks(void)
{
    close(ends[1]);
    for (int i = 0; i < STACKS_MOST; i++)
        reap(idlers[i]);
    close(ends[0]);
}

static _Atomic int thread_has_run;
static char thread_stack[8192] __attribute__((aligned(16)));

static int thread(void *unused)
{
    thread_has_run = 1;
    return 0;
}

static int clone_thread(void)
{
    thread_has_run = 0;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(thread, thread_stack + sizeof thread_stack, flags, NULL, NULL, NULL, NULL) < 0)
        return errno;
    while (!thread_has_run)
        sched_yield();
    return 0;
}

static int vfork_and_reap(void)
{
    int status;
    thread_has_run = 0;
    pid_t pid = clone(thread, thread_stack + sizeof thread_stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL,
                      NULL, NULL, NULL);
    if (pid < 0)
        return errno;
    return thread_has_run && waitpid(pid, &status, 0) == pid && exited(status, 0) ? 0 : WRONG;
}

static int sleep_for_ever(void *unused)
{
    char byte;
    return (int)read(ends[0], &byte, 1);
}

static char *exec_arguments[] = {"t_failnth", "left", NULL, NULL};

static int exec(void)
{
    static char text[12];
    snprintf(text, sizeof text, "%d", nth_fd);
    exec_arguments[2] = text;
    execve("/test/t_failnth", exec_arguments, (char *[]){"A=B", NULL});
    return errno;
}

static void start_thread(void) // exec ends it
{
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    must(pipe2(ends, O_CLOEXEC) == 0, "pipe");
    must(clone(sleep_for_ever, thread_stack + sizeof thread_stack, flags, NULL, NULL, NULL, NULL) > 0,
         "clone");
}

// --- page faults ------------------------------------------------------------------------------------------

static int store(void)
{
    *span(1) = 's';
    return *span(1) == 's' ? 0 : WRONG;
}

static int load(void)
{
    return *(volatile char *)span(1) == 0 ? 0 : WRONG;
}

static int deeper;

static int grow_stack(void)
{
    deeper++;
    size_t room = (size_t)deeper * (3 << 20); // another leaf table each time
    volatile char *below = __builtin_alloca(room);
    below[0] = 'd';
    return below[0] == 'd' ? 0 : WRONG;
}

static int copy_lent(void)
{
    *span(0) = 's';
    span(0)[PAGE] = 't';
    return *span(0) == 's' && span(0)[2 * PAGE] == 'p' ? 0 : WRONG;
}

static int copy_single(void)
{
    *span(LENT_SPANS) = 's';
    return *span(LENT_SPANS) == 's' ? 0 : WRONG;
}

static void memory_file(void)
{
    fd = memfd_create("m", 0);
    must(fd >= 0 && ftruncate(fd, 16 * SPAN) == 0, "memfd");
    map(16 * SPAN, MAP_SHARED);
}

static void close_memory_file(void)
{
    unmap();
    close(fd);
    fd = -1;
}

static int fork_and_write_mega(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        *span(1) = 'c';
        _exit(7);
    }
    if (pid < 0)
        return errno;
    span(1)[PAGE] = 'q';
    return waitpid(pid, &status, 0) == pid && exited(status, 7) && *span(1) == 'm' ? 0 : WRONG;
}

static int copy_to_fresh_memory(void) // the kernel faults
{
    ssize_t got = pread(ends[0], span(1), 4, 0);
    return got == 4 ? 0 : got < 0 ? errno : WRONG;
}

static void map_and_open(void)
{
    map_private();
    ends[0] = open("/test/t_failnth", O_RDONLY);
}

static void unmap_and_close(void)
{
    unmap();
    close(ends[0]);
}

static int wait_on_fresh_word(void)
{
    struct timespec soon = {0, 1000};
    if (syscall(SYS_futex, span(1), FUTEX_WAIT, 0, &soon, NULL, 0) == 0)
        return WRONG;
    return errno == ETIMEDOUT ? 0 : errno;
}

static const struct operation operations[] = {
    {"fork", .run = fork_and_reap, .other_error = EAGAIN},
    {"fork of lent tables, a write on each side", map_much, fork_much_and_write, .finish = unmap,
     .unharmed = much_unharmed},
    {"fork with a new kernel stack", use_all_stacks, fork_and_reap, .finish = release_stacks, .once = true},
    {"clone of a thread", .run = clone_thread, .other_error = EAGAIN},
    {"vfork", .run = vfork_and_reap, .other_error = EAGAIN},
    {"exec", .run = exec, .once = true},
    {"exec from one of two threads", start_thread, exec, .once = true},
    {"fault: a store to fresh memory", map_private, store, .finish = unmap},
    {"fault: a load from it", map_private, load, .finish = unmap},
    {"fault: stack", .run = grow_stack},
    {"fault: a page in a lent table", shared_with_child, copy_lent, .finish = child_ends,
     .unharmed = much_unharmed},
    {"fault: a shared page", shared_with_child, copy_single, .finish = child_ends, .unharmed = much_unharmed},
    {"fault: load, private mapping of a file", hole_private, load, .finish = close_hole},
    {"fault: store, private mapping of a file", hole_private, store, .finish = close_hole},
    {"fault: load, shared mapping of a file", hole_shared, load, .finish = close_hole},
    {"fault: store, shared mapping of a file", hole_shared, store, .finish = close_hole},
    {"fault: store to a memfd", memory_file, store, .finish = close_memory_file},
    {"fault: store to shared memory", shared_anonymous, store, .finish = unmap},
    {"fault: 2 MiB page", map_mega, store, .finish = unmap},
    {"fault: write after fork, 2 MiB page", mega_is_there, fork_and_write_mega, .finish = unmap,
     .unharmed = mega_unharmed},
    {"fault: in the kernel, for read", map_and_open, copy_to_fresh_memory, .finish = unmap_and_close},
    {"futex wait", map_private, wait_on_fresh_word, .finish = unmap, .other_error = EFAULT},
    {"futex wait in shared memory", shared_anonymous, wait_on_fresh_word, .finish = unmap,
     .other_error = EFAULT},
};

int main(int argc, char *argv[])
{
    if (argc > 2)
        return executed(argv);
    return sweep_all("failnth", operations, sizeof operations / sizeof *operations);
}
