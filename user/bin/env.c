// SPDX-License-Identifier: MIT
// env [NAME=VALUE...] [COMMAND [ARGUMENT...]]: runs a command in a changed environment, or shows it.
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    for (char *equals; *++argv && (equals = strchr(*argv, '=')); *equals = '=') {
        *equals = '\0';
        if (setenv(*argv, equals + 1, 1) < 0)
            err(125, "%s", *argv);
    }
    if (!*argv) {
        for (char **at = environ; *at; at++)
            puts(*at);
        return finish(0, 125);
    }
    execvp(*argv, argv);
    err(errno == ENOENT ? 127 : 126, "%s", *argv);
}
