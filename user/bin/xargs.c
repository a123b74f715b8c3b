// SPDX-License-Identifier: MIT
// xargs [-n WORDS] [COMMAND [ARGUMENT...]]: runs the command with the words of standard input behind its own,
// as many at a time as fit (at most 512, or WORDS).
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 512 };

static char *read_word(void)
{
    char word[1024];
    size_t length = 0;
    int c = ' ';
    while (c != EOF && isspace(c))
        c = getc(stdin);
    for (; c != EOF && !isspace(c); c = getc(stdin)) {
        if (length + 1 == sizeof word)
            errx(1, "a word is too long");
        word[length++] = c;
    }
    word[length] = '\0';
    return length ? strdup(word) : NULL;
}

static int run(char **command)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(command[0], command);
        warn("%s", command[0]);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        err(1, "fork");
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 123;
}

int main(int argc, char **argv)
{
    static char *command[MOST + 64] = {"echo"};
    int most = MOST, fixed = 0, used, failed = 0;
    // options end at the command, whose own options are not ours
    if (argc > 2 && strcmp(argv[1], "-n") == 0) {
        most = atoi(argv[2]) > 0 && atoi(argv[2]) < MOST ? atoi(argv[2]) : MOST;
        optind = 3;
    }
    for (int i = optind; i < argc && fixed < 63; i++)
        command[fixed++] = argv[i];
    fixed += fixed == 0;
    for (bool first = true, more = true; more; first = false) {
        for (used = 0; used < most && (command[fixed + used] = read_word()); used++)
            ;
        more = used == most;
        command[fixed + used] = NULL;
        if (used || first)
            failed |= run(command);
        while (used)
            free(command[fixed + --used]);
    }
    return failed;
}
