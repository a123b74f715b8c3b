// SPDX-License-Identifier: MIT
// Processes: fork, exit, wait, kill, exec and pipe.
#include "test.h"

static void exit_with(void *status)
{
    exit(*(int *)status);
}

static void exitwait(void)
{
    for (int i = -128; i < 128; i++)
        CHECK(in_child(exit_with, &i) == i);
    int pid = must_fork();
    if (pid == 0)
        exit(5);
    CHECK(wait(0) == pid && wait(0) == -1);
}

static void spin(void)
{
    for (;;)
        getpid();
}

// What computes without end lets others run, and dies when it is told to.
static void preempt(void)
{
    int pids[3], ends[2];
    char c;
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < 3; i++)
        if ((pids[i] = must_fork()) == 0) {
            if (i == 2)
                write(ends[1], "x", 1);
            spin();
        }
    CHECK(read(ends[0], &c, 1) == 1);
    for (int i = 0; i < 3; i++)
        CHECK(kill(pids[i]) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(must_wait() == KILLED);
    CHECK(kill(pids[0]) == -1 && kill(0) == -1 && kill(-1) == -1);
}

// Orphans find a new parent, while others fork and exit.
static void reparent(void)
{
    for (int i = 0; i < 150; i++) {
        int pid = must_fork();
        if (pid == 0) {
            must_fork();
            exit(0);
        }
        CHECK(wait(0) == pid);
    }
    pause(2); // for the last of them to be gone
}

// Parent and two children end at about the same time.
static void reparent2(void)
{
    for (int i = 0; i < 200; i++) {
        if (must_fork() == 0) {
            must_fork();
            must_fork();
            exit(0);
        }
        CHECK(must_wait() == 0);
    }
    pause(2);
}

static void twochildren(void)
{
    for (int i = 0; i < 300; i++) {
        int first = must_fork(), second = first ? must_fork() : 0;
        if (!first || !second)
            exit(0);
        int one = wait(0), other = wait(0);
        CHECK((one == first && other == second) || (one == second && other == first));
    }
}

static void fork_often(void *unused)
{
    for (int i = 0; i < 100; i++) {
        if (must_fork() == 0)
            exit(0);
        CHECK(must_wait() == 0);
    }
}

static void forkfork(void)
{
    for (int i = 0; i < 2; i++)
        if (must_fork() == 0) {
            fork_often(0);
            exit(0);
        }
    CHECK(must_wait() == 0 && must_wait() == 0);
}

// Everybody forks, and the children too, until fork fails everywhere: then it must work again.
static void forkforkfork(void)
{
    if (must_fork() == 0)
        for (;;) {
            int fd = open("stop", O_RDONLY);
            if (fd >= 0)
                exit(0);
            if (fork() < 0)
                close(open("stop", O_CREATE | O_RDWR));
        }
    CHECK(must_wait() == 0);
    pause(5);
    CHECK(unlink("stop") == 0 && in_child(fork_often, 0) == 0);
}

// Children that nobody waits for count, until somebody does.
static void forktest(void)
{
    int count = 0, pid;
    while (count < 1000 && (pid = fork()) >= 0) {
        if (pid == 0)
            exit(0);
        count++;
    }
    CHECK(count > 10 && count < 1000 && count <= NPROC);
    for (int i = 0; i < count; i++)
        CHECK(must_wait() == 0);
    CHECK(wait(0) == -1);
    CHECK(in_child(fork_often, 0) == 0);
}

static void exectest(void)
{
    char *words[] = {"echo", "well", "done", 0}, text[16] = {0};
    int pid = must_fork();
    if (pid == 0) {
        close(1);
        CHECK(open("out", O_CREATE | O_WRONLY) == 1);
        exec("/echo", words);
        exit(1);
    }
    CHECK(must_wait() == 0);
    int fd = open("out", O_RDONLY);
    CHECK(fd >= 0 && read(fd, text, sizeof text) == 10 && memcmp(text, "well done\n", 10) == 0);
    CHECK(unlink("out") == 0 && exec("nowhere", words) == -1 && exec("/README", words) == -1 &&
          exec("/", words) == -1);
}

// A program that finds its name in argv[0] and nothing else; words for more than the stack are refused.
static void bigargtest(void)
{
    static char blank[400];
    static char *words[MAXARG + 1];
    memset(blank, ' ', sizeof blank - 1);
    for (int i = 0; i < MAXARG - 1; i++)
        words[i] = blank;
    CHECK(exec("/echo", words) == -1);
    for (int i = 0; i < MAXARG; i++)
        words[i] = "x";
    CHECK(exec("/echo", words) == -1); // one too many, and no end within MAXARG
}

static void badarg(void)
{
    for (int i = 0; i < 3000; i++) {
        char *words[] = {(char *)0xffffffff, 0};
        CHECK(exec("/echo", words) == -1);
    }
}

static void pgbug(void)
{
    uint64 wild = 0xdeadbeef00001000;
    char *words[] = {(char *)wild, 0};
    CHECK(exec((char *)wild, words) == -1 && exec("/echo", (char **)wild) == -1);
    CHECK(pipe((int *)wild) == -1 && open((char *)wild, O_RDONLY) == -1);
    int pid = must_fork();
    if (pid == 0)
        exit(0);
    CHECK(wait((int *)wild) == -1 || wait(0) == pid);
}

// A count without sense, from an address near the end of memory.
static void argptest(void)
{
    int fd = open("/README", O_RDONLY);
    char *last = sbrk(0) - 1;
    CHECK(fd >= 0 && read(fd, last, -1) == -1 && write(1, last, -1) == -1);
    CHECK(read(fd, last, 0x7fffffff) <= 2 * PGSIZE);
}

// exec where there is no memory but a few pages: it works or fails, and neither costs anything.
static void exec_with_little(void *pages)
{
    char *words[] = {"echo", "x", 0};
    while (sbrk(PGSIZE) != SBRK_ERROR)
        ;
    sbrk(-*(int *)pages * PGSIZE);
    close(1);
    exec("/echo", words);
    exit(0);
}

static void execout(void)
{
    for (int pages = 0; pages < 6; pages++) {
        int status = in_child(exec_with_little, &pages);
        CHECK(status == 0 || status == 1 || status == KILLED);
    }
    CHECK(in_child(fork_often, 0) == 0);
}

// More than a pipe holds, in pieces of other sizes; then its end, from both sides.
static void pipe1(void)
{
    static uchar buffer[5000];
    int ends[2], total = 0, bytes, next = 0;
    CHECK(pipe(ends) == 0);
    if (must_fork() == 0) {
        close(ends[0]);
        for (int i = 0; i < 60; i++) {
            for (int j = 0; j < 1033; j++)
                buffer[j] = (uchar)next++;
            CHECK(write(ends[1], buffer, 1033) == 1033);
        }
        exit(0);
    }
    close(ends[1]);
    for (int want = 1; (bytes = read(ends[0], buffer, want)) > 0; want = want * 2 % 4999) {
        for (int i = 0; i < bytes; i++)
            CHECK(buffer[i] == (uchar)(total + i));
        total += bytes;
    }
    CHECK(bytes == 0 && total == 60 * 1033 && must_wait() == 0);
    close(ends[0]);
    CHECK(pipe(ends) == 0 && close(ends[0]) == 0 && write(ends[1], "x", 1) == -1);
}

static void descriptors(void)
{
    int ends[2], fd, last = -1, count = 0;
    for (; (fd = dup(0)) >= 0; count++)
        last = fd;
    CHECK(last == NOFILE - 1 && count <= NOFILE && open("/README", O_RDONLY) == -1 && pipe(ends) == -1);
    CHECK(close(last) == 0 && pipe(ends) == -1 && open("/README", O_RDONLY) == last);
    CHECK(close(last) == 0 && close(last) == -1 && read(last, ends, 1) == -1 && dup(last) == -1);
}

static void ticks(void)
{
    int start = uptime();
    CHECK(pause(3) == 0 && uptime() >= start + 3 && sleep(0) == 0);
}

#define TEST(name)                                                                                           \
    {                                                                                                        \
#name, name                                                                                          \
    }
static const struct test tests[] = {
    TEST(exitwait),     TEST(preempt),  TEST(reparent), TEST(reparent2),   TEST(twochildren), TEST(forkfork),
    TEST(forkforkfork), TEST(forktest), TEST(exectest), TEST(bigargtest),  TEST(badarg),      TEST(pgbug),
    TEST(argptest),     TEST(execout),  TEST(pipe1),    TEST(descriptors), TEST(ticks),
};

int main(int argc, char **argv)
{
    run_tests(tests, COUNT(tests), argc, argv);
}
