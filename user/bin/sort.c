// SPDX-License-Identifier: MIT
// sort [-rnu] [FILE...]: the lines of all files in order; -n by the number they begin with, -r backwards, -u
// equal ones once.
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool reverse, numeric, unique;
static char **lines;
static size_t count, room;

static int by_key(const char *a, const char *b)
{
    long x = numeric ? strtol(a, NULL, 10) : 0, y = numeric ? strtol(b, NULL, 10) : 0;
    return numeric ? (x > y) - (x < y) : strcmp(a, b);
}

static int compare(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = by_key(x, y);
    if (order == 0 && !unique)
        order = strcmp(x, y);
    return reverse ? -order : order;
}

static void read_lines(FILE *in, const char *name)
{
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t length; (length = getline(&line, &capacity, in)) > 0; count++) {
        line[length - (line[length - 1] == '\n')] = '\0';
        if (count == room && !(lines = realloc(lines, (room = room * 2 + 64) * sizeof *lines)))
            err(2, "memory");
        if (!(lines[count] = strdup(line)))
            err(2, "memory");
    }
    free(line);
    if (failed_to_read(in, name))
        exit(2);
}

int main(int argc, char **argv)
{
    for (int letter; (letter = getopt(argc, argv, "rnu")) != -1;) {
        if (letter == '?')
            return 2;
        reverse |= letter == 'r';
        numeric |= letter == 'n';
        unique |= letter == 'u';
    }
    if (optind == argc)
        read_lines(stdin, "standard input");
    for (int i = optind; i < argc; i++) {
        FILE *in = fopen(argv[i], "r");
        if (!in)
            err(2, "%s", argv[i]);
        read_lines(in, argv[i]);
        fclose(in);
    }
    qsort(lines, count, sizeof *lines, compare);
    for (size_t i = 0; i < count; i++)
        if (!unique || i == 0 || by_key(lines[i - 1], lines[i]) != 0)
            puts(lines[i]);
    return finish(0, 2);
}
