// SPDX-License-Identifier: MIT
// ln [-s] TARGET NAME: one more name for a file, or with -s a symbolic link.
#include <err.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int letter = getopt(argc, argv, "s");
    if (letter == '?' || argc - optind != 2)
        errx(2, "usage: ln [-s] TARGET NAME");
    if ((letter == 's' ? symlink : link)(argv[optind], argv[optind + 1]) < 0)
        err(1, "%s", argv[optind + 1]);
    return 0;
}
