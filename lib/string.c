// SPDX-License-Identifier: MIT
//
// Memory and string functions; contracts in lib/string.h. Called by everybody, in any context, also by code
// the compiler generates for struct assignments. Calls nothing, takes no lock.
//
// RISC-V harts may refuse misaligned accesses (unprivileged spec 2.6), so words are used only where both
// sides can be aligned together. A step of 64 bytes costs 19 instructions, so a page copy costs 1,230.
// Compiled with -fno-builtin: or the compiler would recognise memcpy's loop and replace it by memcpy.

#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) word;
enum { WORD = sizeof(word), BLOCK = 8 * WORD };

static inline bool aligned(const void *address)
{
    return (uintptr_t)address % WORD == 0;
}

static inline bool aligned_together(const void *a, const void *b)
{
    return ((uintptr_t)a ^ (uintptr_t)b) % WORD == 0;
}

// All loads of a step come before its stores, and addresses rise: right for overlaps with `to` below `from`.
static inline void copy_forward(unsigned char *to, const unsigned char *from, size_t bytes)
{
    if (aligned_together(to, from)) {
        for (; bytes > 0 && !aligned(to); bytes--)
            *to++ = *from++;
        for (unsigned char *end = to + bytes / BLOCK * BLOCK; to != end; to += BLOCK, from += BLOCK) {
            const word *in = (const word *)from;
            word *out = (word *)to;
            word w0 = in[0], w1 = in[1], w2 = in[2], w3 = in[3];
            word w4 = in[4], w5 = in[5], w6 = in[6], w7 = in[7];
            out[0] = w0, out[1] = w1, out[2] = w2, out[3] = w3;
            out[4] = w4, out[5] = w5, out[6] = w6, out[7] = w7;
        }
        bytes %= BLOCK;
        for (; bytes >= WORD; bytes -= WORD, to += WORD, from += WORD)
            *(word *)to = *(const word *)from;
    }
    for (; bytes > 0; bytes--)
        *to++ = *from++;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes)
{
    copy_forward(destination, source, bytes);
    return destination;
}

void *memmove(void *destination, const void *source, size_t bytes)
{
    unsigned char *to = destination;
    const unsigned char *from = source;
    if ((uintptr_t)to - (uintptr_t)from >= bytes) // also when `to` is below `from`: then the difference wraps
        copy_forward(to, from, bytes);
    else // rare and short: somebody makes room in a buffer
        while (bytes-- > 0)
            to[bytes] = from[bytes];
    return destination;
}

void *memset(void *destination, int byte, size_t bytes)
{
    unsigned char *to = destination;
    for (; bytes > 0 && !aligned(to); bytes--)
        *to++ = (unsigned char)byte;
    word value = (unsigned char)byte * (~(word)0 / 0xff);
    for (unsigned char *end = to + bytes / BLOCK * BLOCK; to != end; to += BLOCK) {
        word *out = (word *)to;
        out[0] = value, out[1] = value, out[2] = value, out[3] = value;
        out[4] = value, out[5] = value, out[6] = value, out[7] = value;
    }
    bytes %= BLOCK;
    for (; bytes >= WORD; bytes -= WORD, to += WORD)
        *(word *)to = value;
    for (; bytes > 0; bytes--)
        *to++ = (unsigned char)byte;
    return destination;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *left = a, *right = b;
    if (aligned(left) && aligned(right))
        for (; bytes >= WORD && *(const word *)left == *(const word *)right; bytes -= WORD)
            left += WORD, right += WORD;
    for (; bytes > 0; bytes--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}

size_t strlen(const char *string)
{
    return strnlen(string, SIZE_MAX);
}

size_t strnlen(const char *string, size_t most)
{
    size_t length = 0;
    while (length < most && string[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t most)
{
    for (; most > 0; most--, a++, b++)
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    return 0;
}

char *strchr(const char *string, int character)
{
    for (; *string != (char)character; string++)
        if (!*string)
            return NULL;
    return (char *)string;
}

size_t strlcpy(char *destination, const char *source, size_t destination_bytes)
{
    size_t length = strlen(source);
    if (destination_bytes > 0) {
        size_t copied = length < destination_bytes ? length : destination_bytes - 1;
        memcpy(destination, source, copied);
        destination[copied] = 0;
    }
    return length;
}
