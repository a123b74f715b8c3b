// SPDX-License-Identifier: MIT
// Bytes, text, numbers, lines.
#include "user/user.h"

uint strlen(const char *text)
{
    uint length = 0;
    while (text[length])
        length++;
    return length;
}

char *strcpy(char *to, const char *from)
{
    for (uint i = 0; i == 0 || from[i - 1]; i++)
        to[i] = from[i];
    return to;
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++)
        b++;
    return (uchar)*a - (uchar)*b;
}

char *strchr(const char *text, char c)
{
    for (; *text; text++)
        if (*text == c)
            return (char *)text;
    return 0;
}

int atoi(const char *text)
{
    int number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number * 10 + *text - '0';
    return number;
}

void *memset(void *to, int value, uint bytes)
{
    for (char *at = to; at < (char *)to + bytes; at++)
        *at = (char)value;
    return to;
}

void *memmove(void *to, const void *from, int bytes)
{
    char *target = to;
    const char *source = from;
    if (target < source)
        for (int i = 0; i < bytes; i++)
            target[i] = source[i];
    else
        for (int i = bytes - 1; i >= 0; i--)
            target[i] = source[i];
    return to;
}

void *memcpy(void *to, const void *from, uint bytes)
{
    return memmove(to, from, (int)bytes);
}

int memcmp(const void *a, const void *b, uint bytes)
{
    const uchar *left = a, *right = b;
    for (uint i = 0; i < bytes; i++)
        if (left[i] != right[i])
            return left[i] - right[i];
    return 0;
}

char *gets(char *line, int bytes)
{
    int length = 0;
    char c = 0;
    while (length + 1 < bytes && c != '\n' && c != '\r' && read(0, &c, 1) == 1)
        line[length++] = c;
    line[length] = 0;
    return line;
}
