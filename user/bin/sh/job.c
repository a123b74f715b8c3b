// SPDX-License-Identifier: MIT
// Child processes: started in a process group of their own, waited for, the terminal given and taken back.
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "sh.h"

bool interactive;

static struct finished { // children that ended while another one was waited for
    struct finished *next;
    int pid, status;
} * finished;

// Takes a child off that list; with -1 all of them. => was it there?
static bool take_finished(int pid, int *status)
{
    for (struct finished **at = &finished; *at;) {
        struct finished *found = *at;
        if (pid != -1 && found->pid != pid) {
            at = &found->next;
            continue;
        }
        *status = found->status;
        *at = found->next;
        free(found);
        if (pid != -1)
            return true;
    }
    return false;
}

// A typed command and all its children form one process group, which has the terminal while it is in the
// foreground, so that Ctrl-C reaches all of it and not the shell.
int start_child(int *group, bool background)
{
    pid_t pid = fork();
    if (pid < 0)
        warn("fork");
    if (pid == 0) {
        if (interactive && group) {
            pid_t own = *group ? *group : getpid();
            setpgid(0, own);
            if (!background)
                ioctl(0, TIOCSPGRP, &own);
        }
        if (interactive)
            for (int number = SIGINT; number <= SIGTTOU; number += number == SIGINT ? SIGTTOU - SIGINT : 1)
                signal(number, SIG_DFL);
        interactive = false;
    } else if (pid > 0) {
        int status;
        take_finished(pid, &status); // numbers come again: that was another child
        if (interactive && group) {
            *group = *group ? *group : pid;
            setpgid(pid, *group);
        }
    }
    return pid;
}

int exit_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int wait_for(int pid)
{
    int status;
    if (take_finished(pid, &status))
        return status;
    pid_t now = pid > 0 ? waitpid(pid, &status, WNOHANG) : 0; // it may be no child: then nobody is waited for
    if (now != 0)
        return now < 0 ? 127 << 8 : status;
    for (;;) {
        pid_t ended = waitpid(-1, &status, 0);
        if (ended == pid)
            return status;
        if (ended < 0 && errno != EINTR)
            return pid < 0 ? 0 : 127 << 8;
        struct finished *new = ended > 0 && pid > 0 ? malloc(sizeof *new) : NULL;
        if (new) {
            *new = (struct finished){finished, ended, status};
            finished = new;
        }
    }
}

int wait_foreground(int pid)
{
    int status = wait_for(pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE)
        fprintf(stderr, "%s\n", WTERMSIG(status) == SIGINT ? "" : strsignal(WTERMSIG(status)));
    return exit_status(status);
}

void take_terminal_back(void)
{
    pid_t own = getpgid(0);
    if (interactive)
        ioctl(0, TIOCSPGRP, &own);
}
