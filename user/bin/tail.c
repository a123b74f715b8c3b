// SPDX-License-Identifier: MIT
// tail [-n LINES | -LINES] [FILE]: the last ten lines, or as many as are wanted. Keeps only those in memory.
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long lines = 10, read = 0;
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) { // -3, as people type it
        lines = strtol(argv[1] + 1, NULL, 10);
        argv++, argc--;
    }
    for (int letter; (letter = getopt(argc, argv, "n:")) != -1;) {
        if (letter == '?')
            return 2;
        lines = strtol(optarg, NULL, 10);
    }
    FILE *in = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (!in)
        err(1, "%s", argv[optind]);
    char **ring = lines > 0 ? calloc(lines, sizeof *ring) : NULL;
    size_t *capacity = lines > 0 ? calloc(lines, sizeof *capacity) : NULL;
    if (lines <= 0)
        return 0;
    if (!ring || !capacity)
        err(1, "%ld lines", lines);
    while (getline(&ring[read % lines], &capacity[read % lines], in) > 0)
        read++;
    for (long i = read > lines ? read - lines : 0; i < read; i++)
        fputs(ring[i % lines], stdout);
    return finish(failed_to_read(in, in == stdin ? "standard input" : argv[optind]), 1);
}
