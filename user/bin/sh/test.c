// SPDX-License-Identifier: MIT
// test EXPRESSION, [ EXPRESSION ]: files (-e -f -d -L -r -w -x -s), strings (-n -z = !=), numbers (-eq ...),
// and ! before any of them; && and || of the shell join several. Built into the shell and also a program.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sh.h"

static bool bad;

static bool test_file(char letter, const char *path)
{
    struct stat status;
    if (strchr("rwx", letter))
        return access(path, letter == 'r' ? R_OK : letter == 'w' ? W_OK : X_OK) == 0;
    if ((letter == 'L' ? lstat(path, &status) : stat(path, &status)) < 0)
        return false;
    switch (letter) {
    case 'f':
        return S_ISREG(status.st_mode);
    case 'd':
        return S_ISDIR(status.st_mode);
    case 'L':
        return S_ISLNK(status.st_mode);
    case 's':
        return status.st_size > 0;
    default:
        return true;
    }
}

static long number(const char *text)
{
    char *rest;
    long value = strtol(text, &rest, 10);
    if (*rest || rest == text) {
        fprintf(stderr, "test: %s: bad number\n", text);
        bad = true;
    }
    return value;
}

static bool compare(const char *a, const char *op, const char *b)
{
    if (strcmp(op, "=") == 0)
        return strcmp(a, b) == 0;
    if (strcmp(op, "!=") == 0)
        return strcmp(a, b) != 0;
    long x = number(a), y = number(b);
    switch (op[1] << 8 | op[2]) {
    case 'e' << 8 | 'q':
        return x == y;
    case 'n' << 8 | 'e':
        return x != y;
    case 'l' << 8 | 't':
        return x < y;
    case 'l' << 8 | 'e':
        return x <= y;
    case 'g' << 8 | 't':
        return x > y;
    default:
        return x >= y;
    }
}

static bool evaluate(char **words, int count)
{
    static const char binary[] = " = != -eq -ne -lt -le -gt -ge ";
    char spaced[16];
    if (count == 3) { // looked at first: words[0] may be any text, also an exclamation mark
        snprintf(spaced, sizeof spaced, " %s ", words[1]);
        if (strstr(binary, spaced))
            return compare(words[0], words[1], words[2]);
    }
    if (count > 1 && strcmp(words[0], "!") == 0)
        return !evaluate(words + 1, count - 1);
    if (count == 2 && words[0][0] == '-' && words[0][1] && !words[0][2] &&
        strchr("efdLrwxsnzt", words[0][1])) {
        char letter = words[0][1];
        if (letter == 'n' || letter == 'z')
            return (letter == 'n') == (*words[1] != '\0');
        return letter == 't' ? isatty(atoi(words[1])) : test_file(letter, words[1]);
    }
    bad |= count > 1;
    return count == 1 && **words;
}

int test_command(int argc, char **argv)
{
    bad = false;
    if (strcmp(argv[0], "[") == 0)
        bad = strcmp(argv[--argc], "]") != 0;
    bool result = evaluate(argv + 1, argc - 1);
    if (bad)
        fprintf(stderr, "test: bad expression\n");
    return bad ? 2 : !result;
}
