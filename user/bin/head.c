// SPDX-License-Identifier: MIT
// head [-n LINES | -LINES] [FILE...]: the first ten lines, or as many as are wanted.
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int show(FILE *in, const char *name, long lines)
{
    if (!in) {
        warn("%s", name);
        return 1;
    }
    for (int c; lines > 0 && (c = getc(in)) != EOF; lines -= c == '\n')
        putchar(c);
    int failed = failed_to_read(in, name);
    fclose(in);
    return failed;
}

int main(int argc, char **argv)
{
    long lines = 10;
    int failed = 0;
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) { // -3, as people type it
        lines = strtol(argv[1] + 1, NULL, 10);
        argv++, argc--;
    }
    for (int letter; (letter = getopt(argc, argv, "n:")) != -1;) {
        if (letter == '?')
            return 2;
        lines = strtol(optarg, NULL, 10);
    }
    if (optind == argc)
        return finish(show(stdin, "standard input", lines), 1);
    for (int i = optind; i < argc; i++)
        failed |= show(fopen(argv[i], "r"), argv[i], lines);
    return finish(failed, 1);
}
