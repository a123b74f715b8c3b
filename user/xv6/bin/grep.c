// SPDX-License-Identifier: MIT
// grep PATTERN [FILE...]: the lines that match. ^ and $ are the ends of the line, . any character, X* any
// number of X.
#include "kernel/types.h"
#include "kernel/fcntl.h"
#include "user/user.h"

static char line[1024];
static int found_any;

static int matches_one(char pattern, char c)
{
    return c && (pattern == '.' || pattern == c);
}

static int matches_here(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (pattern[1] == '*') {
            do
                if (matches_here(pattern + 2, text))
                    return 1;
            while (matches_one(*pattern, *text++));
            return 0;
        }
        if (pattern[0] == '$' && !pattern[1])
            return !*text;
        if (!matches_one(*pattern, *text))
            return 0;
    }
    return 1;
}

static int matches(const char *pattern, const char *text)
{
    if (*pattern == '^')
        return matches_here(pattern + 1, text);
    do
        if (matches_here(pattern, text))
            return 1;
    while (*text++);
    return 0;
}

static void search(const char *pattern, int fd)
{
    int length = 0, got;
    char c;
    do {
        got = read(fd, &c, 1);
        if (got == 1 && c != '\n') {
            if (length < (int)sizeof line - 1)
                line[length++] = c;
            continue;
        }
        line[length] = 0;
        if ((length || got == 1) && matches(pattern, line)) {
            printf("%s\n", line);
            found_any = 1;
        }
        length = 0;
    } while (got == 1);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(2, "usage: grep PATTERN [FILE...]\n");
        exit(2);
    }
    if (argc == 2)
        search(argv[1], 0);
    for (int i = 2; i < argc; i++) {
        int fd = open(argv[i], O_RDONLY);
        if (fd < 0) {
            fprintf(2, "grep: %s: cannot open\n", argv[i]);
            exit(2);
        }
        search(argv[1], fd);
        close(fd);
    }
    exit(!found_any);
}
