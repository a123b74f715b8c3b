// SPDX-License-Identifier: MIT
// Copy on write: nobody's write is seen by anybody else, whoever writes first and by whatever way.
#include <sys/mman.h>
#include "ktap.h"

enum { PAGES = 16, SHARERS = 300 };
static char page[PAGES][PAGE] __attribute__((aligned(4096)));
static char never_touched[64][PAGE] __attribute__((aligned(4096)));
static const char constant[PAGE] __attribute__((aligned(4096))) = {'c'};
static int gate[2], back[2]; // gate: a child waits for a byte; back: it answers

static void open_gates(void)
{
    must(pipe(gate) == 0 && pipe(back) == 0, "pipe");
}

static void close_gates(void)
{
    for (int i = 0; i < 2; i++)
        close(gate[i]), close(back[i]);
}

static void pass(int fd)
{
    char c;
    must(read(fd, &c, 1) == 1, "gate");
}

static void let(int fd, int count)
{
    while (count--)
        must(write(fd, "", 1) == 1, "gate");
}

// C3: what is in a pipe was written before; a later write to the page it came from does not change it.
static void pipe_keeps_bytes(void)
{
    static char seen[PAGE];
    open_gates();
    memset(page[0], 'a', PAGE);
    must(write(gate[1], page[0], PAGE) == PAGE, "write");
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    reap(pid);
    memset(page[0], 'b', PAGE);
    ok(read(gate[0], seen, PAGE) == PAGE && filled(seen, 'a', PAGE),
       "a pipe keeps the bytes across fork, exit, write");
    close_gates();
}

// C7: the parent's writable translation is hot when it forks, and it writes at once.
static void hot_translation(void)
{
    int wrong = 0;
    for (int round = 0; round < 50; round++) {
        open_gates();
        memset(page, round, sizeof page);
        pid_t pid = fork();
        if (pid == 0) {
            pass(gate[0]);
            _exit(!filled(page, round, sizeof page));
        }
        for (int i = 0; i < PAGES; i++)
            page[i][round] = ~round;
        let(gate[1], 1);
        wrong += !exited(reap(pid), 0);
        close_gates();
    }
    ok(wrong == 0, "a child never sees what its parent writes right after fork");
}

// C9, C13: three generations that wrote nothing between the forks; then each writes, in every order. Each
// waits at its own gate, and the one before in the order opens it; the last opens the gate at which all
// check.
static int generations(const char *order)
{
    int gates[4][2], who = 0, at = 0;
    pid_t child, grandchild = 0;
    for (int i = 0; i < 4; i++)
        must(pipe(gates[i]) == 0, "pipe");
    memset(page, 0x55, sizeof page);
    let(gates[order[0] - '0'][1], 1);
    if ((child = fork()) == 0)
        who = 1 + ((grandchild = fork()) == 0);
    while (order[at] - '0' != who)
        at++;
    pass(gates[who][0]);
    memset(page, 'A' + who, sizeof page / 2);
    let(at < 2 ? gates[order[at + 1] - '0'][1] : gates[3][1], at < 2 ? 1 : 3);
    pass(gates[3][0]);
    bool good = filled(page, 'A' + who, sizeof page / 2) && filled(page[PAGES / 2], 0x55, sizeof page / 2);
    if (who == 2)
        _exit(!good);
    if (who == 1)
        _exit(!(exited(reap(grandchild), 0) && good));
    for (int i = 0; i < 8; i++)
        close(gates[i / 2][i % 2]);
    return exited(reap(child), 0) && good;
}

// C11: parent and child are let go at the same moment and write the same pages.
static void simultaneous_writes(void)
{
    int wrong = 0;
    for (int round = 0; round < 40; round++) {
        open_gates();
        memset(page, round, sizeof page);
        pid_t pid = fork();
        if (pid == 0)
            pass(gate[0]);
        else
            let(gate[1], 1);
        char mine = pid ? 'p' : 'c';
        for (int i = 0; i < PAGES; i++) {
            wrong += page[i][7] != (char)round;
            page[i][7] = mine;
        }
        for (int i = 0; i < PAGES; i++)
            wrong += page[i][7] != mine || page[i][8] != (char)round;
        if (pid == 0)
            _exit(wrong != 0);
        wrong += !exited(reap(pid), 0);
        close_gates();
    }
    ok(wrong == 0, "both write the same page at once, each keeps its own");
}

// C12: more sharers of one page than eight bits count; all write in the end.
static void many_sharers(void)
{
    static pid_t pids[SHARERS];
    int good = 0, started = 0;
    open_gates();
    memset(page[0], 9, PAGE);
    for (; started < SHARERS; started++)
        if ((pids[started] = fork()) <= 0)
            break;
    if (started < SHARERS && pids[started] == 0) {
        pass(gate[0]);
        bool whole = filled(page[0], 9, PAGE);
        memset(page[0], started, PAGE);
        _exit(!(whole && filled(page[0], started, PAGE)));
    }
    let(gate[1], started);
    for (int i = 0; i < started; i++)
        good += exited(reap(pids[i]), 0);
    ok(started == SHARERS && good == SHARERS && filled(page[0], 9, PAGE),
       "%d children share a page, then all write it", SHARERS);
    close_gates();
}

// C20: memory nobody ever touched is zero for each, whoever touches it first.
static int touch_zero(void *unused)
{
    if (never_touched[3][5] || !filled(never_touched[10], 0, PAGE))
        return 1;
    memset(never_touched, 1, sizeof never_touched);
    return 0;
}

static int store_constant(void *unused)
{
    *(volatile char *)constant = 'x';
    return 0;
}

static int store_text(void *unused)
{
    *(volatile char *)(unsigned long)open_gates = 0;
    return 0;
}

// C15: the kernel's own writes break sharing like the program's.
static int kernel_writes(void *unused)
{
    int status;
    struct stat *into = (struct stat *)(page[4] - sizeof *into / 2); // across a page boundary
    pid_t pid = fork();
    if (pid == 0)
        _exit(42);
    if (waitpid(pid, (int *)page[1], 0) != pid || !exited(status = *(int *)page[1], 42))
        return 1;
    if (pipe((int *)page[2]) < 0 || write(((int *)page[2])[1], "0123456789", 10) != 10)
        return 2;
    if (read(((int *)page[2])[0], page[6] - 5, 10) != 10 || memcmp(page[6] - 5, "0123456789", 10) != 0)
        return 3;
    if (fstat(((int *)page[2])[0], into) < 0 || !S_ISFIFO(into->st_mode))
        return 4;
    return getcwd(page[8], PAGE) && page[8][0] == '/' ? 0 : 5;
}

int main(void)
{
    static const char *const orders[] = {"012", "021", "102", "120", "201", "210"};
    pipe_keeps_bytes();
    hot_translation();
    for (int i = 0; i < 6; i++)
        ok(generations(orders[i]), "three generations write in the order %s", orders[i]);
    simultaneous_writes();
    many_sharers();
    ok(exited(in_child(touch_zero, NULL), 0) && filled(never_touched, 0, sizeof never_touched),
       "untouched memory stays zero");
    ok(killed(in_child(store_constant, NULL), SIGSEGV) && constant[0] == 'c',
       "a write to constants after fork: SIGSEGV");
    ok(killed(in_child(store_text, NULL), SIGSEGV), "a write to the program's text: SIGSEGV");
    memset(page, 0x33, sizeof page);
    ok(exited(in_child(kernel_writes, NULL), 0), "wait, pipe, read, fstat, getcwd write into shared pages");
    ok(filled(page, 0x33, sizeof page), "and the parent's pages are as they were");
    fails(syscall(SYS_getcwd, constant, PAGE), EFAULT, "getcwd into constants");
    fails(syscall(SYS_pipe2, open_gates, 0), EFAULT, "pipe into the program's text");
    return done();
}
