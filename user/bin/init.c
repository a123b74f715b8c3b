// SPDX-License-Identifier: MIT
// init, process 1. The kernel starts it as "init" or, with a boot argument that names a command, as
// "init -c COMMAND". It opens the console, starts the shell and reaps every process that has lost its parent.
// After -c it writes everything back and switches the machine off with the status of the command; the
// interactive shell is started again when it ends, unless it could not even be started.
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char *const environment[] = {"PATH=/bin:/test", "HOME=/", "TERM=vt100", NULL};

static pid_t start_shell(char *command)
{
    char *const arguments[] = {"sh", command ? "-c" : NULL, command, NULL};
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        ioctl(0, TIOCSCTTY, 0);
        execve("/bin/sh", arguments, environment);
        warn("/bin/sh");
        _exit(127);
    }
    if (pid < 0)
        warn("fork");
    return pid;
}

int main(int argc, char **argv)
{
    char *command = argc > 2 && strcmp(argv[1], "-c") == 0 ? argv[2] : NULL;
    int status = 0, console = open("/dev/console", O_RDWR);
    for (int fd = 0; fd < 3 && console >= 0; fd++)
        dup2(console, fd);
    if (console > 2)
        close(console);
    for (pid_t ended = -1, shell = -1;;) {
        if (ended == shell) {
            int result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            if (shell > 0 && (command || result == 127))
                power_off(result);
            if ((shell = start_shell(command)) < 0)
                power_off(126);
        }
        ended = wait(&status);
    }
}
