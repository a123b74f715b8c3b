// SPDX-License-Identifier: MIT
//
// printf-style formatting into a buffer: %d %i %u %x %c %s %p %% with flags 0 - #, width, precision for %s,
// and lengths hh h l ll z. No floating point, no locale, no allocation.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

// Always terminates when bytes > 0. => returns the length the whole text would have had
int format(char *buffer, size_t bytes, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
int vformat(char *buffer, size_t bytes, const char *pattern, va_list arguments);

// Text that grows inside a fixed buffer and remembers that it did not fit: for files made of text.
struct text {
    char *buffer;
    size_t capacity, length; // capacity > 0; length never exceeds capacity - 1
    bool truncated;
};
void text_append(struct text *text, const char *pattern, ...) __attribute__((format(printf, 2, 3)));
void text_append_list(struct text *text, const char *pattern, va_list arguments);
