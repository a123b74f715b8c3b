// SPDX-License-Identifier: MIT
// xargs PROGRAM [WORD...]: runs the program once for each line that comes in, with the line's words at the
// end.
#include "kernel/types.h"
#include "kernel/param.h"
#include "user/user.h"

static char line[512];
static char *words[MAXARG];

static void run(int count)
{
    for (char *at = line; *at;) {
        while (*at == ' ')
            *at++ = 0;
        if (*at && count < MAXARG - 1)
            words[count++] = at;
        while (*at && *at != ' ')
            at++;
    }
    words[count] = 0;
    int pid = fork();
    if (pid == 0) {
        exec(words[0], words);
        fprintf(2, "xargs: %s: cannot run\n", words[0]);
        exit(1);
    }
    if (pid < 0 || wait(0) < 0)
        exit(1);
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc >= MAXARG) {
        fprintf(2, "usage: xargs PROGRAM [WORD...]\n");
        exit(1);
    }
    for (int i = 1; i < argc; i++)
        words[i - 1] = argv[i];
    for (;;) {
        uint length = strlen(gets(line, sizeof line));
        if (!length)
            exit(0);
        if (line[length - 1] == '\n')
            line[length - 1] = 0;
        run(argc - 1);
    }
}
