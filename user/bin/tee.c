// SPDX-License-Identifier: MIT
// tee [-a] [FILE...]: copies standard input to standard output and to every file; -a to their ends.
#include <err.h>
#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char buffer[4096];
    int outputs[16] = {1}, count = 1, failed = 0, letter = getopt(argc, argv, "a");
    if (letter == '?')
        return 2;
    for (int i = optind; i < argc && count < 16; i++, count++)
        if ((outputs[count] =
                 open(argv[i], O_WRONLY | O_CREAT | (letter == 'a' ? O_APPEND : O_TRUNC), 0666)) < 0)
            err(1, "%s", argv[i]);
    ssize_t got;
    while ((got = read(0, buffer, sizeof buffer)) > 0)
        for (int i = 0; i < count; i++)
            if (write(outputs[i], buffer, got) != got) {
                warn("%s", i ? argv[optind + i - 1] : "standard output");
                failed = 1;
            }
    if (got < 0)
        err(1, "standard input");
    return failed;
}
