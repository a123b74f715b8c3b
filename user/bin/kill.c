// SPDX-License-Identifier: MIT
// kill [-SIGNAL] PID...: SIGNAL is a number or a name such as KILL or SIGKILL; TERM if not given.
#include <err.h>
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static int signal_number(const char *name)
{
    static const char *const names[] = {"0",    "HUP",  "INT",  "QUIT", "ILL",  "TRAP", "ABRT",
                                        "BUS",  "FPE",  "KILL", "USR1", "SEGV", "USR2", "PIPE",
                                        "ALRM", "TERM", "",     "CHLD", "CONT", "STOP"};
    if (isdigit(*name))
        return atoi(name);
    name += strncmp(name, "SIG", 3) == 0 ? 3 : 0;
    for (int i = 1; i < (int)(sizeof names / sizeof *names); i++)
        if (*name && strcmp(names[i], name) == 0)
            return i;
    errx(2, "%s: no such signal", name);
}

int main(int argc, char **argv)
{
    int at = 1, failed = 0, number = SIGTERM;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1])
        number = signal_number(argv[at++] + 1);
    if (at >= argc)
        errx(2, "usage: kill [-SIGNAL] PID...");
    for (; at < argc; at++) {
        char *end;
        pid_t pid = strtol(argv[at], &end, 10);
        if (*end || end == argv[at])
            errx(2, "%s: not a process number", argv[at]);
        if (kill(pid, number) < 0) {
            warn("%s", argv[at]);
            failed = 1;
        }
    }
    return failed;
}
