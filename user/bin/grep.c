// SPDX-License-Identifier: MIT
// grep [-vinc] PATTERN [FILE...]: lines that match. In a pattern ^ and $ are the ends of the line, . is any
// character, [a-z] and [^a-z] a set, \ takes the next one literally, and x* is any number of x.
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool invert, ignore_case, numbers, count_only, names;

static int fold(int c)
{
    return ignore_case ? tolower(c) : c;
}

// How long the first element of the pattern is: x, \x, . or [...].
static size_t element_length(const char *pattern)
{
    if (pattern[0] == '\\' && pattern[1])
        return 2;
    if (pattern[0] == '[') {
        size_t length = 1 + (pattern[1] == '^');
        for (length++; pattern[length - 1] && pattern[length] && pattern[length] != ']'; length++)
            ;
        return pattern[length - 1] && pattern[length] ? length + 1 : 1;
    }
    return 1;
}

static bool matches_element(const char *pattern, size_t length, int c)
{
    bool negate = length > 2 && pattern[1] == '^', found = false;
    if (length == 2)
        return fold(pattern[1]) == fold(c);
    if (length == 1)
        return *pattern == '.' || fold(*pattern) == fold(c);
    for (const char *at = pattern + 1 + negate; at < pattern + length - 1; at++)
        if (at[1] == '-' && at + 2 < pattern + length - 1) {
            found |= fold(at[0]) <= fold(c) && fold(c) <= fold(at[2]);
            at += 2;
        } else {
            found |= fold(*at) == fold(c);
        }
    return found != negate;
}

static bool matches_here(const char *pattern, const char *text)
{
    for (;;) {
        size_t length = element_length(pattern), repeats = 0;
        if (!*pattern || (pattern[0] == '$' && !pattern[1]))
            return !*pattern || !*text;
        if (pattern[length] == '*') { // take as many as there are, then give back one by one
            while (text[repeats] && matches_element(pattern, length, (unsigned char)text[repeats]))
                repeats++;
            for (;; repeats--) {
                if (matches_here(pattern + length + 1, text + repeats))
                    return true;
                if (!repeats)
                    return false;
            }
        }
        if (!*text || !matches_element(pattern, length, (unsigned char)*text++))
            return false;
        pattern += length;
    }
}

static bool matches(const char *pattern, const char *line)
{
    if (*pattern == '^')
        return matches_here(pattern + 1, line);
    do
        if (matches_here(pattern, line))
            return true;
    while (*line++);
    return false;
}

static bool search(FILE *in, const char *name, const char *pattern, bool *failed)
{
    char *line = NULL;
    size_t capacity = 0;
    long number = 0, found = 0;
    for (ssize_t length; (length = getline(&line, &capacity, in)) > 0;) {
        number++;
        line[length - (line[length - 1] == '\n')] = '\0';
        if (matches(pattern, line) == invert)
            continue;
        found++;
        if (count_only)
            continue;
        if (names)
            printf("%s:", name);
        if (numbers)
            printf("%ld:", number);
        puts(line);
    }
    if (count_only && names)
        printf("%s:", name);
    if (count_only)
        printf("%ld\n", found);
    free(line);
    *failed |= failed_to_read(in, name);
    return found;
}

int main(int argc, char **argv)
{
    bool found = false, failed = false;
    for (int letter; (letter = getopt(argc, argv, "vinc")) != -1;) {
        if (letter == '?')
            return 2;
        invert |= letter == 'v';
        ignore_case |= letter == 'i';
        numbers |= letter == 'n';
        count_only |= letter == 'c';
    }
    if (optind == argc)
        errx(2, "usage: grep [-vinc] PATTERN [FILE...]");
    const char *pattern = argv[optind++];
    names = argc - optind > 1;
    if (optind == argc)
        found = search(stdin, "(standard input)", pattern, &failed);
    for (int i = optind; i < argc; i++) {
        FILE *in = fopen(argv[i], "r");
        if (!in) {
            warn("%s", argv[i]);
            failed = true;
            continue;
        }
        found |= search(in, argv[i], pattern, &failed);
        fclose(in);
    }
    return finish(failed ? 2 : !found, 2);
}
