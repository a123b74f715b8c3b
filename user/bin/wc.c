// SPDX-License-Identifier: MIT
// wc [-lwc] [FILE...]: counts lines, words and bytes.
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool wanted[3]; // lines, words, bytes
static long total[3];

static void show(const long count[3], const char *name)
{
    bool first = true;
    for (int i = 0; i < 3; i++)
        if (wanted[i]) {
            printf(first ? "%ld" : " %ld", count[i]);
            first = false;
        }
    printf(name ? " %s\n" : "\n", name);
}

static int count(FILE *in, const char *name)
{
    long here[3] = {0};
    bool inside = false;
    if (!in) {
        warn("%s", name);
        return 1;
    }
    for (int c; (c = getc(in)) != EOF; inside = !isspace(c)) {
        here[0] += c == '\n';
        here[1] += !isspace(c) && !inside;
        here[2]++;
    }
    for (int i = 0; i < 3; i++)
        total[i] += here[i];
    show(here, name);
    int failed = failed_to_read(in, name ? name : "standard input");
    fclose(in);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;
    for (int letter; (letter = getopt(argc, argv, "lwc")) != -1;) {
        if (letter == '?')
            return 2;
        wanted[letter == 'l' ? 0 : letter == 'w' ? 1 : 2] = true;
    }
    if (!wanted[0] && !wanted[1] && !wanted[2])
        wanted[0] = wanted[1] = wanted[2] = true;
    if (optind == argc)
        return finish(count(stdin, NULL), 1);
    for (int i = optind; i < argc; i++)
        failed |= count(fopen(argv[i], "r"), argv[i]);
    if (argc - optind > 1)
        show(total, "total");
    return finish(failed, 1);
}
