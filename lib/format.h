// SPDX-License-Identifier: MIT
//
// printf-style formatting into a buffer: %d %i %u %x %c %s %p %% with flags 0 - #, width, precision for %s,
// and lengths hh h l ll z. No floating point, no locale, no allocation.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

// Text that grows inside a fixed buffer and remembers that it did not fit: for files made of text. Always
// terminated; what comes behind the first byte that does not fit is lost.
struct text {
    char *buffer;
    size_t capacity, length; // capacity > 0; length never exceeds capacity - 1
    bool truncated;
};
void text_append(struct text *text, const char *pattern, ...) __attribute__((format(printf, 2, 3)));
void text_append_list(struct text *text, const char *pattern, va_list arguments);

// Into a buffer of `bytes` > 0. => returns the length of what fitted
int format(char *buffer, size_t bytes, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
