// SPDX-License-Identifier: MIT
// uniq [-cd] [FILE]: of neighbouring equal lines only one; -c with their number, -d only repeated ones.
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    bool counts = false, repeated = false;
    char *line = NULL, *last = NULL;
    size_t capacity = 0;
    long times = 0;
    for (int letter; (letter = getopt(argc, argv, "cd")) != -1;) {
        if (letter == '?')
            return 2;
        counts |= letter == 'c';
        repeated |= letter == 'd';
    }
    FILE *in = optind < argc ? fopen(argv[optind], "r") : stdin;
    if (!in)
        err(1, "%s", argv[optind]);
    for (bool more = true; more;) {
        more = getline(&line, &capacity, in) > 0;
        if (more && last && strcmp(line, last) == 0) {
            times++;
            continue;
        }
        if (last && (!repeated || times > 1)) {
            if (counts)
                printf("%7ld ", times);
            fputs(last, stdout);
        }
        free(last);
        times = 1;
        if (more && !(last = strdup(line)))
            err(1, "memory");
    }
    return finish(failed_to_read(in, in == stdin ? "standard input" : argv[optind]), 1);
}
