// SPDX-License-Identifier: MIT
// Commands that change the shell itself (cd, set, read, ...) and a few that are not worth a process.
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

static int do_cd(int argc, char **argv)
{
    const char *home = get_variable("HOME", 4), *to = argc > 1 ? argv[1] : home ? home : "/";
    if (chdir(to) == 0)
        return 0;
    warn("cd: %s", to);
    return 1;
}

static int do_exit(int argc, char **argv)
{
    exit(argc > 1 ? atoi(argv[1]) : last_status);
}

static int do_export(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        if (!is_name(argv[i], argv[i] + length)) {
            warnx("export: %s: bad name", argv[i]);
            return 1;
        }
        if (argv[i][length])
            set_variable(argv[i], length, argv[i] + length + 1);
        export_variable(argv[i], length);
    }
    for (char **at = argc == 1 ? exported_environment() : NULL; at && *at; at++)
        printf("export %s\n", *at);
    return 0;
}

static int do_unset(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        unset_variable(argv[i]);
    return 0;
}

// set -e -x +e +x; set [--] WORD... replaces $1 ...; alone it shows the variables.
static int do_set(int argc, char **argv)
{
    static char **owned; // the parameters of the last set, which shift may have moved on from
    int i = 1;
    if (argc == 1)
        print_variables();
    for (; i < argc && (argv[i][0] == '-' || argv[i][0] == '+') && strcmp(argv[i], "--") != 0; i++)
        for (char *letter = argv[i] + 1; *letter; letter++)
            if (*letter == 'e')
                exit_on_error = argv[i][0] == '-';
            else if (*letter == 'x')
                trace = argv[i][0] == '-';
            else
                return warnx("set: no option %c", *letter), 2;
    if (i == argc)
        return 0;
    i += strcmp(argv[i], "--") == 0;
    char **words = calloc(argc - i + 1, sizeof *words);
    for (int at = i; words && at < argc; at++)
        if (!(words[at - i] = strdup(argv[at])))
            err(2, "set");
    if (!words)
        err(2, "set");
    for (char **at = owned; at && *at; at++)
        free(*at);
    free(owned);
    parameters = owned = words;
    parameter_count = argc - i;
    return 0;
}

static int do_shift(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    if (count < 0 || count > parameter_count)
        return warnx("shift: not so many"), 1;
    parameters += count;
    parameter_count -= count;
    return 0;
}

static int do_wait(int argc, char **argv)
{
    int status = 0;
    if (argc == 1)
        wait_for(-1);
    for (int i = 1; i < argc; i++)
        if (atoi(argv[i]) > 0)
            status = exit_status(wait_for(atoi(argv[i])));
        else
            return warnx("wait: %s: not a process number", argv[i]), 2;
    return status;
}

// Byte by byte: what follows the line belongs to the next command that reads. Backslashes are plain.
static int do_read(int argc, char **argv)
{
    const char *ifs = get_variable("IFS", 3), *at;
    struct text line = {0};
    int first = argc > 1 && strcmp(argv[1], "-r") == 0 ? 2 : 1;
    char c = 0;
    ssize_t got;
    for (int i = first; i < argc; i++)
        if (!is_name(argv[i], argv[i] + strlen(argv[i])))
            return warnx("read: %s: bad name", argv[i]), 2;
    while ((got = read(0, &c, 1)) > 0 ? c != '\n' : got < 0 && errno == EINTR)
        if (got > 0)
            add_char(&line, c);
    at = line.at ? line.at : "";
    ifs = ifs ? ifs : " \t\n";
    for (int i = first; i < argc; i++) {
        while (*at && isspace(*at) && strchr(ifs, *at))
            at++;
        size_t length = i + 1 < argc ? strcspn(at, ifs) : strlen(at);
        const char *next = at + length;
        for (; i + 1 == argc && length && isspace(at[length - 1]) && strchr(ifs, at[length - 1]); length--)
            ;
        set_variable(argv[i], strlen(argv[i]), save_text(at, length));
        at = next;
        while (*at && isspace(*at) && strchr(ifs, *at))
            at++;
        at += *at && i + 1 < argc && strchr(ifs, *at);
    }
    return got <= 0;
}

static int do_echo(int argc, char **argv)
{
    int i = argc > 1 && strcmp(argv[1], "-n") == 0 ? 2 : 1;
    bool newline = i == 1;
    for (; i < argc; i++)
        printf(i + 1 < argc ? "%s " : "%s", argv[i]);
    if (newline)
        putchar('\n');
    return 0;
}

static int do_true(int argc, char **argv)
{
    return 0;
}

static int do_false(int argc, char **argv)
{
    return 1;
}

static int do_source(int argc, char **argv)
{
    return argc > 1 ? run_file(argv[1]) : 2;
}

static int do_eval(int argc, char **argv)
{
    struct text all = {0};
    for (int i = 1; i < argc; i++) {
        add_text(&all, argv[i], strlen(argv[i]));
        add_char(&all, ' ');
    }
    return all.at ? run_source(&(struct source){.text = all.at, .line = 1}) : 0;
}

static int do_break(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 1;
    if (count < 1 || loops == 0)
        return warnx(loops ? "%s: %s loops?" : "%s: not in a loop", argv[0], argv[1]), 1;
    leave_loops(argv[0][0] == 'b' ? LEAVE_BREAK : LEAVE_CONTINUE, count);
    return 0;
}

builtin *find_builtin(const char *name)
{
    static const struct {
        const char *name;
        builtin *function;
    } table[] = {
        {"cd", do_cd},          {"exit", do_exit},   {"export", do_export}, {"unset", do_unset},
        {"set", do_set},        {"shift", do_shift}, {"wait", do_wait},     {"read", do_read},
        {"echo", do_echo},      {"true", do_true},   {":", do_true},        {"false", do_false},
        {".", do_source},       {"eval", do_eval},   {"break", do_break},   {"continue", do_break},
        {"test", test_command}, {"[", test_command},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return table[i].function;
    return NULL;
}
