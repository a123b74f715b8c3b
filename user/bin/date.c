// SPDX-License-Identifier: MIT
// date [+FORMAT]: the time of the clock, in UTC; FORMAT as in strftime.
#include <err.h>
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
    char text[256];
    time_t now = time(NULL);
    strftime(text, sizeof text, argc > 1 && argv[1][0] == '+' ? argv[1] + 1 : "%Y-%m-%d %H:%M:%S UTC",
             gmtime(&now));
    puts(text);
    return finish(0, 1);
}
