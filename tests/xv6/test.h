// SPDX-License-Identifier: MIT
// How the tests of this folder run. They are xv6 programs: nothing is used but what user/user.h has. A
// program is a table of named tests; its arguments choose among them, none means all. Each test is a process
// of its own that starts in an empty directory and must leave it empty. Prints KTAP, with the virtual time
// that each took.
#pragma once

#include "kernel/types.h"
#include "kernel/param.h"
#include "kernel/stat.h"
#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/memlayout.h"
#include "user/user.h"

#define KILLED     (-1) // what wait tells about whoever did not exit
#define COUNT(all) ((int)(sizeof(all) / sizeof((all)[0])))
#define DIRECTORY  "/xv6test"

struct test {
    const char *name;
    void (*run)(void);
};

static const char *running;

static void failed(const char *what, int line)
{
    printf("# %s: line %d, pid %d: %s\n", running, line, getpid(), what);
    exit(1);
}
#define CHECK(condition) ((condition) ? (void)0 : failed(#condition, __LINE__))

static int must_fork(void)
{
    int pid = fork();
    CHECK(pid >= 0);
    return pid;
}

static int must_wait(void)
{
    int status;
    CHECK(wait(&status) > 0);
    return status;
}

// body(argument) in a process of its own. => returns its status, 0 where it came back
static int in_child(void (*body)(void *), void *argument)
{
    if (must_fork() == 0) {
        body(argument);
        exit(0);
    }
    return must_wait();
}

// The file is made, or made empty.
static void __attribute__((unused)) write_file(const char *name, const void *bytes, int count)
{
    int fd = open(name, O_CREATE | O_RDWR | O_TRUNC);
    CHECK(fd >= 0);
    CHECK(write(fd, bytes, count) == count);
    CHECK(close(fd) == 0);
}

static int __attribute__((unused)) exists(const char *name)
{
    struct stat found;
    return stat(name, &found) == 0;
}

static int run_test(int number, const struct test *test)
{
    int status;
    running = test->name;
    CHECK(mkdir(DIRECTORY) == 0);
    uint64 start = r_time();
    if (must_fork() == 0) {
        CHECK(chdir(DIRECTORY) == 0);
        test->run();
        exit(0);
    }
    CHECK(wait(&status) > 0 && wait(0) == -1);
    uint64 ms = (r_time() - start) / 10000;
    int clean = unlink(DIRECTORY) == 0, good = clean && status == 0;
    if (!clean)
        printf("# %s: leaves files behind\n", test->name);
    printf("%sok %d - %s # %d.%d%d%d s\n", good ? "" : "not ", number, test->name, (int)(ms / 1000),
           (int)(ms / 100 % 10), (int)(ms / 10 % 10), (int)(ms % 10));
    return good;
}

static int wanted(const struct test *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], test->name) == 0)
            return 1;
    return argc < 2;
}

static int run_tests(const struct test *tests, int count, int argc, char **argv)
{
    int plan = 0, number = 0, bad = 0;
    for (int i = 0; i < count; i++)
        plan += wanted(&tests[i], argc, argv);
    printf("1..%d\n", plan);
    for (int i = 0; i < count; i++)
        if (wanted(&tests[i], argc, argv))
            bad += !run_test(++number, &tests[i]);
    exit(bad || !plan);
}
