// SPDX-License-Identifier: MIT
// time COMMAND [ARGUMENT...]: runs it and tells how long it took by the machine's own clock. Under ./kine run
// --icount one nanosecond is one executed instruction, so the figure repeats.
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct timespec from, to;
    int status;
    if (argc < 2)
        errx(2, "usage: time COMMAND [ARGUMENT...]");
    clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        warn("%s", argv[1]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        err(1, "fork");
    clock_gettime(CLOCK_MONOTONIC, &to);
    long ns = (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
    fprintf(stderr, "%ld.%09ld seconds\n", ns / 1000000000, ns % 1000000000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
