// SPDX-License-Identifier: MIT
// sh: with no argument it reads commands from standard input, with a prompt if that is a terminal;
// sh FILE [ARGUMENT...] runs a script, sh -c COMMANDS [NAME [ARGUMENT...]] a string. -e, -x as in set.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

int run_source(struct source *s)
{
    for (;;) {
        size_t mark = arena_mark();
        struct node *list = parse(s);
        bool ended = s->token == END && !s->failed;
        if (s->failed) {
            last_status = 2;
            if (!s->interactive)
                return last_status;
            discard_line(s);
        } else if (list) {
            run(list, false);
            take_terminal_back();
        }
        arena_release(mark);
        if (ended || leaving) // leaving: eval or . in a loop, which ends
            return last_status;
    }
}

int run_file(const char *path)
{
    int fd = open(path, O_RDONLY), high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 10);
    if (fd >= 0)
        close(fd); // a low number is for the commands of the script
    if (high < 0) {
        perror(path);
        return 127;
    }
    struct source source = {.fd = high, .line = 1};
    int status = run_source(&source);
    close(high);
    return status;
}

int main(int argc, char **argv)
{
    int letter;
    char *command = NULL;
    shell_name = argv[0] ? argv[0] : "sh";
    while ((letter = getopt(argc, argv, "c:exi")) != -1) {
        if (letter == '?')
            return 2;
        command = letter == 'c' ? optarg : command;
        exit_on_error |= letter == 'e';
        trace |= letter == 'x';
        interactive |= letter == 'i';
    }
    import_environment();
    if (argc > optind)
        shell_name = argv[optind++];
    char *script = argc > 1 && !command && optind > 1 ? shell_name : NULL;
    parameters = argv + optind;
    parameter_count = argc > optind ? argc - optind : 0;
    if (command)
        return run_source(&(struct source){.text = command, .line = 1});
    if (script && script != argv[0])
        return run_file(script);
    interactive |= isatty(0);
    if (interactive) {
        signal(SIGINT, SIG_IGN);
        signal(SIGQUIT, SIG_IGN);
        signal(SIGTTIN, SIG_IGN);
        signal(SIGTTOU, SIG_IGN);
    }
    return run_source(&(struct source){.fd = 0, .interactive = interactive, .line = 1});
}
