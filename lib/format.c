// SPDX-License-Identifier: MIT
//
// printf-style formatting into a buffer; contracts in lib/format.h. Any context, no locks, no allocation.

#include "lib/format.h"
#include "lib/string.h"

#include <stdint.h>

// One conversion as read from the pattern.
struct conversion {
    bool left, zero, prefix; // the flags - 0 #
    bool wide;               // l, ll and z alike: all are 64 bits here
    int width, precision;    // precision < 0: none
};

static void put(struct text *out, char character, int64_t times)
{
    for (; times > 0 && !out->truncated; times--)
        if (out->length + 1 < out->capacity)
            out->buffer[out->length++] = character;
        else
            out->truncated = true;
}

static void put_field(struct text *out, const struct conversion *conversion, const char *prefix,
                      const char *body, size_t bytes)
{
    int64_t padding = conversion->width - (int64_t)(strlen(prefix) + bytes);
    bool zeros = conversion->zero && !conversion->left;
    put(out, ' ', conversion->left || zeros ? 0 : padding);
    while (*prefix)
        put(out, *prefix++, 1);
    put(out, '0', zeros ? padding : 0);
    while (bytes-- > 0)
        put(out, *body++, 1);
    put(out, ' ', conversion->left ? padding : 0);
}

static void put_number(struct text *out, const struct conversion *conversion, const char *prefix,
                       uint64_t value, unsigned base)
{
    char digits[20]; // 2^64 has 20 decimal digits
    size_t first = sizeof(digits);
    do
        digits[--first] = "0123456789abcdef"[value % base];
    while (value /= base);
    put_field(out, conversion, prefix, digits + first, sizeof(digits) - first);
}

static int read_number(const char **pattern)
{
    int value = 0;
    for (; **pattern >= '0' && **pattern <= '9'; ++*pattern)
        value = value * 10 + (**pattern - '0');
    return value;
}

// Reads what stands between % and the letter. => returns the address of the letter
static const char *read_conversion(struct conversion *conversion, const char *pattern)
{
    *conversion = (struct conversion){.precision = -1};
    for (; *pattern == '-' || *pattern == '0' || *pattern == '#'; pattern++)
        *(*pattern == '-'   ? &conversion->left
          : *pattern == '0' ? &conversion->zero
                            : &conversion->prefix) = true;
    conversion->width = read_number(&pattern);
    if (*pattern == '.') {
        pattern++;
        conversion->precision = read_number(&pattern);
    }
    for (; *pattern == 'h' || *pattern == 'l' || *pattern == 'z'; pattern++)
        conversion->wide |= *pattern != 'h'; // h and hh: the argument comes as an int that has the value
    return pattern;
}

static void convert(struct text *out, const struct conversion *conversion, char letter, va_list *arguments)
{
    if (letter == 'd' || letter == 'i') {
        int64_t value = conversion->wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int);
        put_number(out, conversion, value < 0 ? "-" : "", value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
    } else if (letter == 'u' || letter == 'x') {
        uint64_t value = conversion->wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned);
        put_number(out, conversion, conversion->prefix && value ? "0x" : "", value, letter == 'u' ? 10 : 16);
    } else if (letter == 'p') {
        put_number(out, conversion, "0x", (uintptr_t)va_arg(*arguments, void *), 16);
    } else if (letter == 's') {
        const char *text = va_arg(*arguments, const char *);
        text = text ? text : "(null)";
        put_field(out, conversion, "", text, strnlen(text, (size_t)conversion->precision));
    } else { // %c, %%, and what we do not know
        char character = letter == 'c' ? (char)va_arg(*arguments, int) : letter;
        put_field(out, conversion, "", &character, 1);
    }
}

void text_append_list(struct text *text, const char *pattern, va_list arguments)
{
    va_list rest; // a va_list parameter may be an array in disguise, whose address has the wrong type
    va_copy(rest, arguments);
    for (; *pattern; pattern++) {
        struct conversion conversion;
        if (*pattern != '%') {
            put(text, *pattern, 1);
            continue;
        }
        pattern = read_conversion(&conversion, pattern + 1);
        if (!*pattern)
            break;
        convert(text, &conversion, *pattern, &rest);
    }
    va_end(rest);
    text->buffer[text->length] = '\0';
}

void text_append(struct text *text, const char *pattern, ...)
{
    va_list arguments;
    va_start(arguments, pattern);
    text_append_list(text, pattern, arguments);
    va_end(arguments);
}

int format(char *buffer, size_t bytes, const char *pattern, ...)
{
    struct text text = {.buffer = buffer, .capacity = bytes};
    va_list arguments;
    va_start(arguments, pattern);
    text_append_list(&text, pattern, arguments);
    va_end(arguments);
    return (int)text.length;
}
