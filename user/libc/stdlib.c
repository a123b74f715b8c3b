// SPDX-License-Identifier: MIT
// Numbers, sorting, the environment, options, name patterns, the end of the program.
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int digit_value(int c)
{
    return isdigit(c) ? c - '0' : isalpha(c) ? tolower(c) - 'a' + 10 : 99;
}

// Reads [space][sign][0x]digits; *end is behind the last digit, or text itself if there was none.
static unsigned long parse_unsigned(const char *text, char **end, int base, bool *negative, bool *overflow)
{
    const char *at = text + strspn(text, " \t\n\v\f\r"), *digits;
    unsigned long value = 0;
    *negative = *at == '-';
    *overflow = false;
    at += *at == '-' || *at == '+';
    if ((base == 0 || base == 16) && *at == '0' && tolower(at[1]) == 'x' && digit_value(at[2]) < 16)
        at += 2, base = 16;
    else if (base == 0)
        base = *at == '0' ? 8 : 10;
    for (digits = at; digit_value(*at) < base; at++)
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit_value(*at), &value))
            *overflow = true;
    if (end)
        *end = (char *)(at == digits ? text : at);
    return value;
}

unsigned long strtoul(const char *text, char **end, int base)
{
    bool negative, overflow;
    unsigned long value = parse_unsigned(text, end, base, &negative, &overflow);
    if (overflow)
        errno = ERANGE;
    return overflow ? ULONG_MAX : negative ? -value : value;
}

long strtol(const char *text, char **end, int base)
{
    bool negative, overflow;
    unsigned long value = parse_unsigned(text, end, base, &negative, &overflow);
    if (overflow || value > (unsigned long)LONG_MAX + negative) {
        errno = ERANGE;
        return negative ? LONG_MIN : LONG_MAX;
    }
    return negative ? -value : value;
}

int atoi(const char *text)
{
    return strtol(text, NULL, 10);
}

static void swap(char *a, char *b, size_t size)
{
    for (; size--; a++, b++) {
        char kept = *a;
        *a = *b;
        *b = kept;
    }
}

// Heap sort: no memory, no bad case. The largest of each subtree is sifted to its root, then to the end.
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    char *items = base;
    for (size_t start = count / 2, end = count; end > 1;) {
        if (start > 0)
            start--;
        else
            swap(items, items + --end * size, size);
        for (size_t root = start, child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && compare(items + child * size, items + (child + 1) * size) < 0)
                child++;
            if (compare(items + root * size, items + child * size) >= 0)
                break;
            swap(items + root * size, items + child * size, size);
        }
    }
}

static char **find_variable(const char *name, size_t length)
{
    char **at = environ;
    while (*at && !(strncmp(*at, name, length) == 0 && (*at)[length] == '='))
        at++;
    return at;
}

char *getenv(const char *name)
{
    char **at = find_variable(name, strlen(name));
    return *at ? *at + strlen(name) + 1 : NULL;
}

static bool is_environment_name(const char *name)
{
    bool good = *name && !strchr(name, '=');
    if (!good)
        errno = EINVAL;
    return good;
}

// Neither the old text nor the old array is freed: the first ones lie on the stack, others may be in use.
int setenv(const char *name, const char *value, int replace)
{
    size_t length = strlen(name), entries = 0;
    char **at = find_variable(name, length), *text;
    if (!is_environment_name(name))
        return -1;
    if (*at && !replace)
        return 0;
    if (!(text = malloc(length + strlen(value) + 2)))
        return -1;
    strcat(strcat(strcpy(text, name), "="), value);
    if (!*at) {
        while (environ[entries])
            entries++;
        char **larger = malloc((entries + 2) * sizeof *larger);
        if (!larger)
            return -1;
        memcpy(larger, environ, entries * sizeof *larger);
        environ = larger;
        at = larger + entries;
        at[1] = NULL;
    }
    *at = text;
    return 0;
}

int unsetenv(const char *name)
{
    char **at = find_variable(name, strlen(name));
    if (!is_environment_name(name))
        return -1;
    for (; *at; at++)
        at[0] = at[1];
    return 0;
}

char *optarg;
int optind = 1;

// Letters followed by ':' take an argument. Complains by itself and returns '?' for an unknown letter.
int getopt(int argc, char *const argv[], const char *letters)
{
    static int at = 1; // in the word argv[optind]
    const char *word = optind < argc ? argv[optind] : NULL, *found;
    if (!word || word[0] != '-' || !word[1])
        return -1;
    if (strcmp(word, "--") == 0) {
        optind++;
        return -1;
    }
    int letter = word[at++];
    bool last = !word[at];
    found = letter == ':' ? NULL : strchr(letters, letter);
    if (found && found[1] == ':') {
        optarg = !last ? (char *)word + at : optind + 1 < argc ? argv[++optind] : NULL;
        found = optarg ? found : NULL;
        last = true;
    }
    if (last)
        optind++, at = 1;
    if (!found)
        warnx("bad option or no argument -- '%c'", letter);
    return found ? letter : '?';
}

// One bracket expression against one byte; *pattern is behind '[' and ends up behind ']'.
static bool match_bracket(const char **pattern, unsigned char c)
{
    const unsigned char *at = (const unsigned char *)*pattern;
    bool negate = *at == '!' || *at == '^', matched = false;
    at += negate;
    for (bool first = true; *at && (first || *at != ']'); first = false) {
        unsigned char low = *at++, high = low;
        if (low == '\\' && *at)
            low = high = *at++;
        if (at[0] == '-' && at[1] && at[1] != ']')
            high = at[1], at += 2;
        matched |= low <= c && c <= high;
    }
    *pattern = (const char *)at + (*at == ']');
    return matched != negate;
}

int fnmatch(const char *pattern, const char *name, int flags)
{
    const char *star = NULL, *resume = NULL; // where to take up again when the part behind a * fails
    if (flags & FNM_PERIOD && *name == '.' && *pattern != '.' && !(*pattern == '\\' && pattern[1] == '.'))
        return FNM_NOMATCH;
    while (*name || *pattern == '*') {
        const char *next = pattern + 1;
        bool matched = *pattern == '?';
        if (*pattern == '*') {
            star = ++pattern;
            resume = name;
            continue;
        }
        if (*pattern == '[' && strchr(pattern + 2 - !pattern[1], ']'))
            matched = match_bracket(&next, *name);
        else if (*pattern == '\\' && pattern[1])
            matched = *next++ == *name;
        else if (*pattern != '?')
            matched = *pattern == *name;
        if (matched) {
            pattern = next;
            name++;
        } else if (star && *resume) {
            pattern = star;
            name = ++resume;
        } else {
            return FNM_NOMATCH;
        }
    }
    return *pattern ? FNM_NOMATCH : 0;
}

void exit(int status)
{
    fflush(NULL);
    _exit(status);
}

void abort(void)
{
    signal(SIGABRT, SIG_DFL);
    kill(getpid(), SIGABRT);
    _exit(127);
}
