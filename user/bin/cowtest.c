// SPDX-License-Identifier: MIT
// cowtest [simple|three|file]...: what copy-on-write fork must do, in three scenes; without arguments simple,
// simple, three, three, three, file. Repeating them shows that nothing is lost from one round to the next.
//   simple  a process that owns two thirds of the memory forks. A fork that copies cannot: ENOMEM.
//   three   three processes write the same pages; each finds its own values afterwards.
//   file    the kernel writes into shared pages, by read(2) from a pipe; the parent's bytes stay.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };
static const char *scene;

static _Noreturn void failed(const char *what)
{
    printf("%s: %s: %s\n", scene, what, strerror(errno));
    exit(1);
}

static void check(int good, const char *what)
{
    if (good)
        return;
    printf("%s: %s\n", scene, what);
    exit(1);
}

static void wait_for_success(void)
{
    int status;
    if (wait(&status) < 0)
        failed("wait");
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child failed");
}

static size_t part_of_memory(int percent)
{
    struct sysinfo info;
    if (sysinfo(&info) < 0)
        failed("sysinfo");
    return info.totalram * info.mem_unit / 100 * percent & -(size_t)PAGE;
}

static char *take(size_t bytes)
{
    char *memory = sbrk(bytes);
    if (memory == (void *)-1)
        failed("sbrk");
    return memory;
}

static void simple(void)
{
    size_t bytes = part_of_memory(66);
    char *memory = take(bytes);
    for (size_t i = 0; i < bytes; i += PAGE)
        *(int *)(memory + i) = getpid();
    pid_t pid = fork();
    if (pid < 0)
        failed("fork");
    if (pid == 0)
        _exit(*(int *)(memory + bytes - PAGE) != getppid());
    wait_for_success();
    for (size_t i = 0; i < bytes; i += PAGE)
        check(*(int *)(memory + i) == getpid(), "a page has changed");
    sbrk(-bytes);
}

// All write all pages; together they own three fifths of the memory then.
static void three(void)
{
    size_t bytes = part_of_memory(20);
    char *memory = take(bytes);
    int children = 0;
    for (size_t i = 0; i < bytes; i += PAGE)
        *(int *)(memory + i) = -1;
    for (pid_t pid = 0; children < 2; children++) {
        if ((pid = fork()) < 0)
            failed("fork");
        if (pid > 0)
            break; // child and grandchild go on: the first forks again, the second does not
    }
    for (size_t i = 0; i < bytes; i += PAGE) {
        check(*(int *)(memory + i) == -1, "a page shows what another process wrote");
        *(int *)(memory + i) = getpid();
    }
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < bytes; i += PAGE)
            check(*(int *)(memory + i) == getpid(), "a page shows what another process wrote");
    if (children < 2)
        wait_for_success();
    if (children > 0)
        exit(0);
    sbrk(-bytes);
}

static void file(void)
{
    static char buffer[2 * PAGE] __attribute__((aligned(4096)));
    char *target = buffer + PAGE - 2; // across a page boundary
    memset(buffer, 'k', sizeof buffer);
    for (int i = 0; i < 4; i++) {
        int ends[2], sent = i * 0x01010101;
        if (pipe(ends) < 0)
            failed("pipe");
        pid_t pid = fork();
        if (pid < 0)
            failed("fork");
        if (pid == 0) {
            check(read(ends[0], target, sizeof sent) == sizeof sent, "read");
            check(memcmp(target, &sent, sizeof sent) == 0, "the child did not get what was sent");
            exit(0);
        }
        check(write(ends[1], &sent, sizeof sent) == sizeof sent, "write");
        wait_for_success();
        close(ends[0]);
        close(ends[1]);
        for (size_t at = 0; at < sizeof buffer; at++)
            check(buffer[at] == 'k', "the parent sees what its child read");
    }
}

int main(int argc, char **argv)
{
    static char *all[] = {"cowtest", "simple", "simple", "three", "three", "three", "file", NULL};
    static const struct {
        const char *name;
        void (*play)(void);
    } scenes[] = {{"simple", simple}, {"three", three}, {"file", file}};
    for (char **at = argc > 1 ? argv + 1 : all + 1; *at; at++)
        for (int i = 0; i < 3; i++)
            if (strcmp(*at, scenes[i].name) == 0) {
                scene = *at;
                scenes[i].play();
                printf("%s: ok\n", scene);
                fflush(stdout);
            }
    return scene ? 0 : 2;
}
