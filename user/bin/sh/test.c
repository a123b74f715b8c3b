// SPDX-License-Identifier: MIT
// test EXPRESSION, [ EXPRESSION ]: files (-e -f -d -L -r -w -x -s), strings (-n -z = !=), numbers (-eq ...), joined
// by ! -a -o and parentheses. Built into the shell and also a program.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sh.h"

static char **at, **end;
static bool bad;

static bool test_or(void);

static bool next_is(const char *word)
{
    return at < end && strcmp(*at, word) == 0;
}

static bool test_file(char letter, const char *path)
{
    struct stat status;
    if (strchr("rwx", letter))
        return access(path, letter == 'r' ? R_OK : letter == 'w' ? W_OK : X_OK) == 0;
    if ((letter == 'L' ? lstat(path, &status) : stat(path, &status)) < 0)
        return false;
    switch (letter) {
    case 'f': return S_ISREG(status.st_mode);
    case 'd': return S_ISDIR(status.st_mode);
    case 'L': return S_ISLNK(status.st_mode);
    case 's': return status.st_size > 0;
    default: return true;
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
    case 'e' << 8 | 'q': return x == y;
    case 'n' << 8 | 'e': return x != y;
    case 'l' << 8 | 't': return x < y;
    case 'l' << 8 | 'e': return x <= y;
    case 'g' << 8 | 't': return x > y;
    default: return x >= y;
    }
}

static bool is_binary(const char *word)
{
    static const char *const all[] = {"=", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i], word) == 0)
            return true;
    return false;
}

static bool test_primary(void)
{
    if (end - at >= 3 && is_binary(at[1])) {
        at += 3;
        return compare(at[-3], at[-2], at[-1]);
    }
    if (end - at >= 2 && at[0][0] == '-' && at[0][1] && !at[0][2] && strchr("efdLrwxsnzt", at[0][1])) {
        char letter = at[0][1], *operand = at[1];
        at += 2;
        return letter == 'n'   ? *operand
               : letter == 'z' ? !*operand
               : letter == 't' ? isatty(atoi(operand))
                               : test_file(letter, operand);
    }
    if (next_is("!") && end - at > 1) {
        at++;
        return !test_primary();
    }
    if (next_is("(") && end - at > 1) {
        at++;
        bool result = test_or();
        bad |= !next_is(")");
        at++;
        return result;
    }
    bad |= at >= end;
    return at < end && **at++;
}

static bool test_and(void)
{
    bool result = test_primary();
    while (next_is("-a")) {
        at++;
        result &= test_primary();
    }
    return result;
}

static bool test_or(void)
{
    bool result = test_and();
    while (next_is("-o")) {
        at++;
        result |= test_and();
    }
    return result;
}

int test_command(int argc, char **argv)
{
    at = argv + 1;
    end = argv + argc;
    bad = false;
    if (strcmp(argv[0], "[") == 0) {
        if (strcmp(*--end, "]") != 0) {
            fprintf(stderr, "[: missing ]\n");
            return 2;
        }
    }
    bool result = at < end && test_or();
    if (bad || at < end) {
        fprintf(stderr, "test: bad expression\n");
        return 2;
    }
    return !result;
}
