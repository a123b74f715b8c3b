// SPDX-License-Identifier: MIT
//
// printf-style formatting into a buffer; contracts in lib/format.h. Any context, no locks, no allocation.

#include "lib/format.h"
#include "lib/string.h"

#include <stdint.h>

struct output {
    char *buffer;
    size_t bytes, length; // length counts what did not fit, too
    va_list arguments;
};

// One conversion as read from the pattern.
struct conversion {
    bool left, zero;
    int width, precision; // precision < 0: none
    int size;             // -2 char, -1 short, 0 int, 1 64 bits (long, long long and size_t alike)
};

static void put(struct output *out, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, out->length++)
        if (out->length + 1 < out->bytes)
            out->buffer[out->length] = text[i];
}

static void pad(struct output *out, char with, int64_t count)
{
    for (; count > 0; count--)
        put(out, &with, 1);
}

static void put_string(struct output *out, const struct conversion *conversion, const char *text, size_t bytes)
{
    int64_t padding = conversion->width - (int64_t)bytes;
    pad(out, ' ', conversion->left ? 0 : padding);
    put(out, text, bytes);
    pad(out, ' ', conversion->left ? padding : 0);
}

static void put_number(struct output *out, const struct conversion *conversion, const char *prefix,
                       uint64_t value, unsigned base)
{
    char digits[20]; // 2^64 has 20 decimal digits
    size_t first = sizeof(digits), prefix_bytes = strlen(prefix);
    do
        digits[--first] = "0123456789abcdef"[value % base];
    while (value /= base);
    size_t count = sizeof(digits) - first;
    int64_t padding = conversion->width - (int64_t)(count + prefix_bytes);
    bool zero = conversion->zero && !conversion->left;
    pad(out, ' ', conversion->left || zero ? 0 : padding);
    put(out, prefix, prefix_bytes);
    pad(out, '0', zero ? padding : 0);
    put(out, digits + first, count);
    pad(out, ' ', conversion->left ? padding : 0);
}

// The next argument, sign-extended from its own size.
static int64_t next_integer(struct output *out, int size)
{
    if (size > 0)
        return va_arg(out->arguments, int64_t);
    int value = va_arg(out->arguments, int);
    return size == 0 ? value : size == -1 ? (short)value : (signed char)value;
}

static uint64_t next_unsigned(struct output *out, int size)
{
    static const uint64_t masks[] = {0xff, 0xffff, 0xffffffff, UINT64_MAX};
    return (uint64_t)next_integer(out, size) & masks[size + 2];
}

// A decimal number in the pattern, or `*`: the next argument.
static int read_number(struct output *out, const char **pattern)
{
    int value = 0;
    if (**pattern == '*') {
        ++*pattern;
        return va_arg(out->arguments, int);
    }
    for (; **pattern >= '0' && **pattern <= '9'; ++*pattern)
        value = value * 10 + (**pattern - '0');
    return value;
}

// Reads what stands between % and the letter. => returns the address of the letter
static const char *read_conversion(struct output *out, struct conversion *conversion, const char *pattern)
{
    *conversion = (struct conversion){.precision = -1};
    for (; *pattern == '-' || *pattern == '0'; pattern++)
        *(*pattern == '-' ? &conversion->left : &conversion->zero) = true;
    conversion->width = read_number(out, &pattern);
    if (conversion->width < 0) { // from `*`: a flag and a width
        conversion->left = true;
        conversion->width = -conversion->width;
    }
    if (*pattern == '.') {
        pattern++;
        conversion->precision = read_number(out, &pattern);
    }
    for (; *pattern == 'h'; pattern++)
        conversion->size--;
    for (; *pattern == 'l' || *pattern == 'z'; pattern++)
        conversion->size = 1;
    return pattern;
}

static void convert(struct output *out, const struct conversion *conversion, const char *letter)
{
    switch (*letter) {
    case 'd':
    case 'i': {
        int64_t value = next_integer(out, conversion->size);
        put_number(out, conversion, value < 0 ? "-" : "", value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
        break;
    }
    case 'u':
        put_number(out, conversion, "", next_unsigned(out, conversion->size), 10);
        break;
    case 'x':
        put_number(out, conversion, "", next_unsigned(out, conversion->size), 16);
        break;
    case 'p':
        put_number(out, conversion, "0x", (uintptr_t)va_arg(out->arguments, void *), 16);
        break;
    case 'c':
        put_string(out, conversion, &(char){(char)va_arg(out->arguments, int)}, 1);
        break;
    case 's': {
        const char *text = va_arg(out->arguments, const char *);
        text = text ? text : "(null)";
        put_string(out, conversion, text, strnlen(text, (size_t)conversion->precision));
        break;
    }
    default: // %% and what we do not know
        put(out, letter, 1);
    }
}

int vformat(char *buffer, size_t bytes, const char *pattern, va_list arguments)
{
    struct output out = {.buffer = buffer, .bytes = bytes};
    va_copy(out.arguments, arguments);
    while (*pattern) {
        if (*pattern != '%') {
            put(&out, pattern++, 1);
            continue;
        }
        struct conversion conversion;
        const char *letter = read_conversion(&out, &conversion, pattern + 1);
        if (!*letter)
            break;
        convert(&out, &conversion, letter);
        pattern = letter + 1;
    }
    va_end(out.arguments);
    if (bytes > 0)
        buffer[out.length < bytes ? out.length : bytes - 1] = 0;
    return (int)out.length;
}

int format(char *buffer, size_t bytes, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    int length = vformat(buffer, bytes, pattern, arguments);
    va_end(arguments);
    return length;
}

void text_append_list(struct text *text, const char *pattern, va_list arguments)
{
    size_t room = text->capacity - text->length;
    size_t length = (size_t)vformat(text->buffer + text->length, room, pattern, arguments);
    if (length >= room) {
        text->truncated = true;
        length = room - 1;
    }
    text->length += length;
}

void text_append(struct text *text, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    text_append_list(text, pattern, arguments);
    va_end(arguments);
}
