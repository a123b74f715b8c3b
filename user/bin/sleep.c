// SPDX-License-Identifier: MIT
// sleep SECONDS: also with a fraction, as in 0.25.
#include <err.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    char *end;
    if (argc != 2)
        errx(2, "usage: sleep SECONDS");
    struct timespec duration = {strtol(argv[1], &end, 10), 0};
    if (*end == '.')
        for (long unit = 100000000; *++end >= '0' && *end <= '9'; unit /= 10)
            duration.tv_nsec += (*end - '0') * unit;
    if (*end || nanosleep(&duration, NULL) < 0)
        errx(1, "%s: not a duration", argv[1]);
    return 0;
}
