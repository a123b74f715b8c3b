// SPDX-License-Identifier: MIT
// fork: what parent and child share and what they do not.
#include <sys/mman.h>
#include "ktap.h"

static int data = 1;
static char untouched[1 << 20];

static int change_memory(void *local)
{
    if (data != 1 || *(int *)local != 2 || untouched[12345] != 0)
        return 1;
    data = *(int *)local = 77;
    untouched[12345] = 1;
    return data == 77 && *(int *)local == 77 ? 0 : 2;
}

static int tell_parent(void *expected)
{
    return getppid() == *(pid_t *)expected ? 0 : 1;
}

static int read_three(void *fd)
{
    char text[4] = "";
    return read(*(int *)fd, text, 3) == 3 && strcmp(text, "abc") == 0 ? 0 : 1;
}

static int close_it(void *fd)
{
    return close(*(int *)fd);
}

// Callee-saved integer and floating-point registers live across the system call, in parent and child.
static bool registers_survive(void)
{
    register long a asm("s2") = 0x1122334455667788, b asm("s11") = -99;
    register double c asm("fs0") = 3.25, d asm("fs11") = -1e300;
    asm volatile("" : "+r"(a), "+r"(b), "+f"(c), "+f"(d));
    pid_t pid = fork();
    asm volatile("" : "+r"(a), "+r"(b), "+f"(c), "+f"(d));
    bool good = a == 0x1122334455667788 && b == -99 && c == 3.25 && d == -1e300;
    if (pid == 0)
        _exit(!good);
    return exited(reap(pid), 0) && good;
}

// Each process forks the next and returns one more than it: no generation is lost.
static int generation(void *left)
{
    if (*(int *)left == 0)
        return 0;
    --*(int *)left;
    int status = in_child(generation, left);
    return WIFEXITED(status) ? WEXITSTATUS(status) + 1 : 255;
}

static int orphan(void *unused)
{
    int ends[2];
    pid_t parent = getpid();
    must(pipe(ends) == 0, "pipe");
    pid_t middle = fork();
    if (middle == 0) {
        if (fork() == 0) {
            for (int i = 0; i < 10000 && getppid() != 1 && getppid() != parent; i++)
                usleep(100);
            pid_t now = getppid();
            write(ends[1], &now, sizeof now);
        }
        _exit(0);
    }
    pid_t seen = 0;
    reap(middle);
    read(ends[0], &seen, sizeof seen);
    return seen == middle || seen == 0;
}

int main(void)
{
    int local = 2, depth = 40, failures = 0;
    pid_t me = getpid(), pids[64];
    ok(exited(in_child(change_memory, &local), 0), "a child sees its parent's memory and changes its own");
    ok(data == 1 && local == 2 && untouched[12345] == 0, "the parent's memory is as before");
    ok(exited(in_child(tell_parent, &me), 0), "getppid in a child is its parent");
    ok(registers_survive(), "integer and floating-point registers survive in both");
    work_in("t_fork");
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    must(fd >= 0 && write(fd, "abcdef", 6) == 6 && lseek(fd, 0, SEEK_SET) == 0, "file");
    char next = 0;
    ok(exited(in_child(read_three, &fd), 0) && read(fd, &next, 1) == 1 && next == 'd',
       "a file offset is shared");
    ok(exited(in_child(close_it, &fd), 0) && read(fd, &next, 1) == 1 && next == 'e', "a descriptor is not");
    ok(exited(in_child(generation, &depth), 40), "forty generations deep");
    for (int i = 0; i < 64; i++)
        if ((pids[i] = fork()) == 0)
            _exit(i);
    for (int i = 63; i >= 0; i--)
        failures += pids[i] < 0 || !exited(reap(pids[i]), i);
    ok(failures == 0, "64 children at once, each with its own status");
    ok(exited(in_child(orphan, NULL), 0), "an orphan gets a new parent");
    return done();
}
