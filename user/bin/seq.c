// SPDX-License-Identifier: MIT
// seq [FIRST [STEP]] LAST: counts, one number per line.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 4)
        errx(2, "usage: seq [FIRST [STEP]] LAST");
    long first = argc > 2 ? strtol(argv[1], NULL, 10) : 1, step = argc > 3 ? strtol(argv[2], NULL, 10) : 1;
    long last = strtol(argv[argc - 1], NULL, 10);
    if (step == 0)
        errx(2, "a step of 0 never ends");
    for (long i = first; step > 0 ? i <= last : i >= last; i += step)
        printf("%ld\n", i);
    return finish(0, 1);
}
