// SPDX-License-Identifier: MIT
// cmp FILE FILE: where two files first differ. 0: nowhere, 1: they do, 2: trouble.
#include <err.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *in[2];
    long byte = 1, line = 1;
    if (argc != 3)
        errx(2, "usage: cmp FILE FILE");
    for (int i = 0; i < 2; i++)
        if (!(in[i] = fopen(argv[i + 1], "r")))
            err(2, "%s", argv[i + 1]);
    for (int a = 0, b = 0; a != EOF; byte++, line += a == '\n') {
        a = getc(in[0]);
        b = getc(in[1]);
        if (a == b)
            continue;
        if (failed_to_read(in[0], argv[1]) || failed_to_read(in[1], argv[2]))
            return 2;
        if (a == EOF || b == EOF)
            warnx("EOF on %s after byte %ld", argv[a == EOF ? 1 : 2], byte - 1);
        else
            printf("%s %s differ: byte %ld, line %ld\n", argv[1], argv[2], byte, line);
        return finish(1, 2);
    }
    return failed_to_read(in[0], argv[1]) || failed_to_read(in[1], argv[2]) ? 2 : 0;
}
