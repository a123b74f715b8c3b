// SPDX-License-Identifier: MIT
// What every guest test needs: KTAP lines, a child that runs a function, a directory to work in.
// A test ends with "return done();": 0 if all was ok.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

static int ktap_count, ktap_failures;

__attribute__((format(printf, 2, 3))) static inline bool ok(bool good, const char *name, ...)
{
    va_list arguments;
    int error = errno;
    if (!ktap_count)
        printf("KTAP version 1\n");
    printf("%sok %d - ", good ? "" : "not ", ++ktap_count);
    va_start(arguments, name);
    vfprintf(stdout, name, arguments);
    va_end(arguments);
    printf("\n");
    if (!good)
        printf("# errno then: %d (%s)\n", error, strerror(error));
    fflush(stdout);
    ktap_failures += !good;
    errno = error;
    return good;
}

static inline void skip(const char *name, const char *why)
{
    printf("ok %d - %s # SKIP %s\n", ++ktap_count, name, why);
    fflush(stdout);
}

// A call that must return -1 with this errno.
static inline bool fails(long result, int error, const char *name)
{
    return ok(result == -1 && errno == error, "%s: %s", name, strerror(error));
}

static inline int done(void)
{
    printf("1..%d\n", ktap_count);
    return ktap_failures ? 1 : 0;
}

// Without this the test cannot go on.
static inline void must(bool good, const char *what)
{
    if (!good) {
        printf("Bail out! %s: %s\n", what, strerror(errno));
        exit(1);
    }
}

static inline pid_t start(int (*body)(void *), void *argument)
{
    fflush(stdout);
    pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0)
        _exit(body(argument));
    return pid;
}

static inline int reap(pid_t pid)
{
    int status = -1;
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    return status;
}

// => the wait status of a child that runs body
static inline int in_child(int (*body)(void *), void *argument)
{
    return reap(start(body, argument));
}

static inline bool ended(pid_t pid)
{
    return reap(pid) == 0;
}

static inline bool exited(int status, int code)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
}

static inline bool killed(int status, int number)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == number;
}

// An empty directory of this name below /tmp, and the test goes there.
static inline void work_in(const char *name)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf /tmp/%s && mkdir -p /tmp/%s", name, name);
    pid_t pid = fork();
    if (pid == 0) {
        execve("/bin/sh", (char *[]){"sh", "-c", command, NULL}, (char *[]){"PATH=/bin", NULL});
        _exit(127);
    }
    must(pid > 0 && exited(reap(pid), 0), "make directory");
    snprintf(command, sizeof command, "/tmp/%s", name);
    must(chdir(command) == 0, command);
}

// Page faults of this process so far.
static inline long faults(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) ? -1 : usage.ru_minflt;
}

static inline bool filled(const void *memory, int byte, size_t bytes)
{
    for (const unsigned char *at = memory; bytes; at++, bytes--)
        if (*at != (unsigned char)byte)
            return false;
    return true;
}

static inline int take_until_killed(void *unused)
{
    for (;;) {
        char *memory = mmap(NULL, PAGE * 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        must(memory != MAP_FAILED, "mmap");
        for (int page = 0; page < 64; page++)
            memory[page * PAGE] = 't';
    }
}

// What is cached goes when somebody takes all memory. Wants a machine with little.
static inline void forget_caches(void)
{
    sync();
    must(killed(in_child(take_until_killed, NULL), SIGKILL), "nobody was killed");
}
