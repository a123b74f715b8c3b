// SPDX-License-Identifier: MIT
//
// lib/format.c against snprintf: every combination of what it knows, into every buffer size.

#include "lib/format.h"
#include "tests/host/check.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

#define SAME(...)                                                         \
    do {                                                                  \
        char ours[200], theirs[200];                                      \
        int length = snprintf(theirs, sizeof(theirs), __VA_ARGS__);       \
        for (int bytes = 1; bytes < 60; bytes++) {                        \
            memset(ours, '#', sizeof(ours));                              \
            snprintf(theirs, (size_t)bytes, __VA_ARGS__);                 \
            int fits = length < bytes ? length : bytes - 1;               \
            CHECK(format(ours, (size_t)bytes, __VA_ARGS__) == fits);      \
            CHECK(strcmp(ours, theirs) == 0);                             \
            CHECK(ours[bytes] == '#');                                    \
        }                                                                 \
    } while (0)

static void integers(void)
{
    static const char *const flags[] = {"", "0", "-", "-0"};
    static const char *const widths[] = {"", "1", "3", "12", "25"};
    static const int64_t values[] = {0,       1,       -1,        9,         10,        -10,
                                     INT_MAX, INT_MIN, INT64_MAX, INT64_MIN, 0x123456789abcdef0};
    for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++)
        for (unsigned flag = 0; flag < 4; flag++)
            for (unsigned width = 0; width < 5; width++)
                for (const char *letter = "diux"; *letter; letter++) {
                    char pattern[40];
                    snprintf(pattern, sizeof(pattern), "<%%%s%s%c>", flags[flag], widths[width], *letter);
                    SAME(pattern, (int)values[i]);
                    snprintf(pattern, sizeof(pattern), "<%%%s%sl%c>", flags[flag], widths[width], *letter);
                    SAME(pattern, values[i]);
                    snprintf(pattern, sizeof(pattern), "<%%%s%sll%c>", flags[flag], widths[width], *letter);
                    SAME(pattern, values[i]);
                    snprintf(pattern, sizeof(pattern), "<%%#%s%sz%c>", flags[flag], widths[width], *letter);
                    if (*letter == 'x')
                        SAME(pattern, values[i]);
                }
    SAME("%hhu %hu %hhx %hd %hhd %zu %zd", (unsigned char)200, (unsigned short)65535, (unsigned char)0xab,
         (short)-7, (signed char)-8, SIZE_MAX, (ssize_t)-5);
}

static void text(void)
{
    SAME("nothing to convert");
    SAME("%s|%5s|%-5s|%.2s|%7.2s|%-7.2s|%.0s", "abc", "abc", "abc", "abc", "abc", "abc", "abc");
    SAME("%c|%3c|%-3c|%%|%s", 'x', 'y', 'z', "");
    SAME("%p and %p", (void *)0x1234, (void *)0xffffffc000000000);
    char open_ended[3] = {'a', 'b', 'c'}; // no terminator: the precision must stop the reading
    SAME("%.3s", open_ended);
}

static void our_own_choices(void)
{
    char buffer[40];
    CHECK(format(buffer, sizeof(buffer), "%s", (const char *)NULL) == 6 && strcmp(buffer, "(null)") == 0);
    CHECK(format(buffer, sizeof(buffer), "%p", (void *)NULL) == 3 && strcmp(buffer, "0x0") == 0);
    const char *lone = "100%", *unknown = "a%qb";
    CHECK(format(buffer, sizeof(buffer), lone) == 3 && strcmp(buffer, "100") == 0);
    CHECK(format(buffer, sizeof(buffer), unknown) == 3 && strcmp(buffer, "aqb") == 0);
}

static void text_grows_until_full(void)
{
    char buffer[8];
    struct text text = {.buffer = buffer, .capacity = sizeof(buffer)};
    text_append(&text, "%d", 123);
    text_append(&text, "%s", "4567");
    CHECK(text.length == 7 && !text.truncated && strcmp(buffer, "1234567") == 0);
    text_append(&text, "%s", "");
    CHECK(text.length == 7 && !text.truncated);
    text_append(&text, "%s", "8"); // one too many
    text_append(&text, "9");
    CHECK(text.length == 7 && text.truncated && strcmp(buffer, "1234567") == 0);
    struct text short_text = {.buffer = buffer, .capacity = 4};
    text_append(&short_text, "abcdef");
    CHECK(short_text.length == 3 && short_text.truncated && strcmp(buffer, "abc") == 0);
}

int main(void)
{
    TEST(integers);
    TEST(text);
    TEST(our_own_choices);
    TEST(text_grows_until_full);
}
