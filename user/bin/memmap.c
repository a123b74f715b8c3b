// SPDX-License-Identifier: MIT
// memmap [PID]: the memory of a process, region by region: pages it spans, pages present, and of these how
// many are shared with somebody and how many are its own. Without PID it shows itself. memmap -d: the first
// picture of copy on write: a process before fork, after it, and when its child has written.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, COLUMNS = 8 };

static void show(pid_t pid, const char *title)
{
    char path[64], line[512], *column[COLUMNS];
    long sum[4] = {0};
    snprintf(path, sizeof path, "/proc/%d/kine_map", pid);
    FILE *in = fopen(path, "r");
    if (!in)
        err(1, "%s", path);
    printf("%s\n%-25s %-4s %-13s %7s %7s %7s %7s  %s\n", title, "region", "", "kind", "pages", "present",
           "shared", "private", "name");
    while (fgets(line, sizeof line, in)) {
        char *at = line;
        for (int i = 0; i < COLUMNS; i++) {
            at += strspn(at, " \n");
            column[i] = at;
            at += strcspn(at, " \n");
            if (*at)
                *at++ = '\0';
        }
        printf("%-25s %-4s %-13s", column[0], column[1], column[2]);
        for (int i = 0; i < 4; i++) {
            sum[i] += atoi(column[i + 3]);
            printf(" %7s", column[i + 3]);
        }
        printf("  %s\n", column[7]);
    }
    fclose(in);
    printf("%-44s %7ld %7ld %7ld %7ld\n\n", "together", sum[0], sum[1], sum[2], sum[3]);
    fflush(stdout);
}

static void demonstrate(void)
{
    enum { PAGES = 1024 };
    int status;
    char *memory = sbrk(PAGES * PAGE);
    if (memory == (void *)-1)
        err(1, "sbrk");
    for (int i = 0; i < PAGES; i++)
        memory[i * PAGE] = 1;
    show(getpid(), "A process that has written 1024 pages of heap: they are its own.");
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0) {
        show(getpid(), "Its child after fork: nothing was copied, everything is shared.");
        for (int i = 0; i < 10; i++)
            memory[i * PAGE] = 2;
        show(getpid(), "The child has written ten of them: ten copies, no more.");
        exit(0);
    }
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        errx(1, "the child failed");
    for (int i = 0; i < PAGES; i++)
        if (memory[i * PAGE] != 1)
            errx(1, "page %d has changed", i);
    show(getpid(), "The parent when its child has ended: all is its own again, and unchanged.");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "-d") == 0)
        demonstrate();
    else
        show(argc > 1 ? atoi(argv[1]) : getpid(), argc > 1 ? argv[1] : "memmap itself");
    return 0;
}
