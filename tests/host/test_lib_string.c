// SPDX-License-Identifier: MIT
//
// lib/string.c against the C library: every alignment of both sides, lengths around every loop's edge.

#include "tests/host/check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

void *kine_memcpy(void *destination, const void *source, size_t bytes);
void *kine_memmove(void *destination, const void *source, size_t bytes);
void *kine_memset(void *destination, int byte, size_t bytes);
int kine_memcmp(const void *a, const void *b, size_t bytes);
size_t kine_strlen(const char *string);
size_t kine_strnlen(const char *string, size_t most);
int kine_strcmp(const char *a, const char *b);
int kine_strncmp(const char *a, const char *b, size_t most);
char *kine_strchr(const char *string, int character);
size_t kine_strlcpy(char *destination, const char *source, size_t destination_bytes);

enum { AREA = 512, SHIFTS = 16, LENGTHS = 200 };
static unsigned char ours[AREA], theirs[AREA], source[AREA];

static void fill(unsigned char *area, unsigned seed)
{
    for (unsigned i = 0; i < AREA; i++)
        area[i] = (unsigned char)((i + seed) * 167 >> 1);
}

// Both areas start equal; after the two operations they must be equal as a whole, not only where written.
static void start(void)
{
    fill(ours, 1);
    fill(theirs, 1);
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void copies_like_libc(void)
{
    fill(source, 99);
    for (unsigned to = 0; to < SHIFTS; to++)
        for (unsigned from = 0; from < SHIFTS; from++)
            for (unsigned bytes = 0; bytes < LENGTHS; bytes++) {
                start();
                CHECK(kine_memcpy(ours + to, source + from, bytes) == ours + to);
                memcpy(theirs + to, source + from, bytes);
                CHECK(memcmp(ours, theirs, AREA) == 0);
            }
}

static void moves_like_libc_when_overlapping(void)
{
    for (unsigned to = 0; to < 100; to += 1)
        for (unsigned from = 0; from < 100; from += 3)
            for (unsigned bytes = 0; bytes < LENGTHS; bytes += bytes < 20 ? 1 : 13) {
                start();
                CHECK(kine_memmove(ours + to, ours + from, bytes) == ours + to);
                memmove(theirs + to, theirs + from, bytes);
                CHECK(memcmp(ours, theirs, AREA) == 0);
            }
}

static void sets_like_libc(void)
{
    static const int values[] = {0, 1, 0x80, 0xff, -1, 0x1234};
    for (unsigned value = 0; value < sizeof(values) / sizeof(*values); value++)
        for (unsigned to = 0; to < SHIFTS; to++)
            for (unsigned bytes = 0; bytes < LENGTHS; bytes++) {
                start();
                CHECK(kine_memset(ours + to, values[value], bytes) == ours + to);
                memset(theirs + to, values[value], bytes);
                CHECK(memcmp(ours, theirs, AREA) == 0);
            }
}

static void compares_like_libc(void)
{
    for (unsigned a = 0; a < SHIFTS; a++)
        for (unsigned b = 0; b < SHIFTS; b++)
            for (unsigned bytes = 0; bytes < 40; bytes++) {
                for (unsigned i = 0; i < bytes; i++)
                    ours[a + i] = theirs[b + i] = (unsigned char)(i * 37);
                CHECK(kine_memcmp(ours + a, theirs + b, bytes) == 0);
                for (unsigned differs = 0; differs < bytes; differs++) {
                    ours[a + differs] ^= 0x80;
                    CHECK(sign(kine_memcmp(ours + a, theirs + b, bytes)) ==
                          sign(memcmp(ours + a, theirs + b, bytes)));
                    ours[a + differs] ^= 0x80;
                }
            }
}

static void strings_like_libc(void)
{
    static const char *const samples[] = {"", "a", "b", "ab", "abc", "abd", "\xff", "\x7f", "a\xff", "abcdefghijkl"};
    unsigned count = sizeof(samples) / sizeof(*samples);
    for (unsigned i = 0; i < count; i++) {
        const char *a = samples[i];
        CHECK(kine_strlen(a) == strlen(a));
        for (size_t most = 0; most < 15; most++)
            CHECK(kine_strnlen(a, most) == strnlen(a, most));
        for (int character = -1; character < 256; character++)
            CHECK(kine_strchr(a, character) == strchr(a, character));
        for (unsigned j = 0; j < count; j++) {
            CHECK(sign(kine_strcmp(a, samples[j])) == sign(strcmp(a, samples[j])));
            for (size_t most = 0; most < 6; most++)
                CHECK(sign(kine_strncmp(a, samples[j], most)) == sign(strncmp(a, samples[j], most)));
        }
    }
}

static void stops_where_told(void)
{
    char *exact = malloc(3); // ASan sees a read behind it
    memcpy(exact, "xyz", 3);
    CHECK(kine_strnlen(exact, 3) == 3);
    CHECK(kine_strncmp(exact, "xyz", 3) == 0);
    free(exact);
}

static void strlcpy_truncates_and_terminates(void)
{
    char buffer[5] = "####";
    CHECK(kine_strlcpy(buffer, "abcdefg", 0) == 7 && buffer[0] == '#');
    CHECK(kine_strlcpy(buffer, "abcdefg", 4) == 7 && strcmp(buffer, "abc") == 0);
    buffer[4] = '#';
    CHECK(kine_strlcpy(buffer, "abcd", 4) == 4 && strcmp(buffer, "abc") == 0 && buffer[4] == '#');
    CHECK(kine_strlcpy(buffer, "abcd", 5) == 4 && strcmp(buffer, "abcd") == 0);
    CHECK(kine_strlcpy(buffer, "", 1) == 0 && buffer[0] == 0 && buffer[1] == 'b');
}

int main(void)
{
    TEST(copies_like_libc);
    TEST(moves_like_libc_when_overlapping);
    TEST(sets_like_libc);
    TEST(compares_like_libc);
    TEST(strings_like_libc);
    TEST(stops_where_told);
    TEST(strlcpy_truncates_and_terminates);
}
