// SPDX-License-Identifier: MIT
// Memory and strings. The compiler may call memcpy, memmove, memset and memcmp by itself; the build says
// -fno-builtin for this file, so that it does not turn their loops into calls of themselves.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t __attribute__((may_alias)) word;
#define ALIGNED(a, b) ((((uintptr_t)(a) | (uintptr_t)(b)) & 7) == 0)

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    return memmove(to, from, bytes);
}

void *memmove(void *to, const void *from, size_t bytes)
{
    char *t = to;
    const char *f = from;
    if ((uintptr_t)t - (uintptr_t)f >= bytes) { // the target does not begin within the source: forwards
        if (ALIGNED(t, f))
            for (; bytes >= 8; bytes -= 8, t += 8, f += 8)
                *(word *)t = *(const word *)f;
        while (bytes--)
            *t++ = *f++;
    } else {
        while (bytes--)
            t[bytes] = f[bytes];
    }
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    unsigned char *t = to;
    for (; bytes && (uintptr_t)t & 7; bytes--)
        *t++ = byte;
    for (word all = 0x0101010101010101u * (unsigned char)byte; bytes >= 8; bytes -= 8, t += 8)
        *(word *)t = all;
    while (bytes--)
        *t++ = byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *x = a, *y = b;
    for (; bytes; bytes--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *in, int byte, size_t bytes)
{
    for (const unsigned char *at = in; bytes; bytes--, at++)
        if (*at == (unsigned char)byte)
            return (void *)at;
    return NULL;
}

size_t strnlen(const char *string, size_t limit)
{
    size_t length = 0;
    while (length < limit && string[length])
        length++;
    return length;
}

size_t strlen(const char *string)
{
    return strnlen(string, SIZE_MAX);
}

size_t strspn(const char *string, const char *set)
{
    size_t length = 0;
    while (string[length] && strchr(set, string[length]))
        length++;
    return length;
}

size_t strcspn(const char *string, const char *set)
{
    size_t length = 0;
    while (string[length] && !strchr(set, string[length]))
        length++;
    return length;
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (; limit && *a && *a == *b; limit--)
        a++, b++;
    return limit ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strcpy(char *restrict to, const char *restrict from)
{
    return memcpy(to, from, strlen(from) + 1);
}

char *strcat(char *restrict to, const char *restrict from)
{
    strcpy(to + strlen(to), from);
    return to;
}

char *strchr(const char *string, int byte)
{
    return memchr(string, byte, strlen(string) + 1);
}

char *strrchr(const char *string, int byte)
{
    for (const char *at = string + strlen(string); at >= string; at--)
        if (*at == (char)byte)
            return (char *)at;
    return NULL;
}

char *strstr(const char *string, const char *part)
{
    size_t length = strlen(part);
    for (; *string || !length; string++)
        if (strncmp(string, part, length) == 0)
            return (char *)string;
    return NULL;
}

char *strdup(const char *string)
{
    char *copy = malloc(strlen(string) + 1);
    return copy ? strcpy(copy, string) : NULL;
}
