// SPDX-License-Identifier: MIT
// The printf family: one formatter that hands out pieces of text, and two places they can go. Conversions
// d i u x X o p c s %, flags - 0 + space #, width and precision (also *), lengths hh h l ll z. No floating
// point.
#include <stdbool.h>
#include <string.h>
#include <ctype.h>
#include <stdio.h>

struct output {
    void (*put)(struct output *, const char *, size_t);
    FILE *file;     // of vfprintf
    char *at, *end; // of vsnprintf
    size_t total;
};

struct conversion {
    bool left, zero, plus, space, alternate;
    int width, precision; // -1: none given
    int longs;            // l counts 1, h counts -1
    char letter;
};

static void fill(struct output *out, char c, int count)
{
    while (count-- > 0)
        out->put(out, &c, 1);
}

// prefix (sign, 0x), zeros and digits, padded to the width on the proper side
static void put_padded(struct output *out, const struct conversion *how, const char *prefix, int zeros,
                       const char *text, int length)
{
    int pad = how->width - (int)strlen(prefix) - zeros - length;
    if (!how->left && !how->zero)
        fill(out, ' ', pad);
    out->put(out, prefix, strlen(prefix));
    fill(out, '0', zeros + (how->zero && !how->left ? (pad > 0 ? pad : 0) : 0));
    out->put(out, text, length);
    if (how->left)
        fill(out, ' ', pad);
}

static void put_number(struct output *out, struct conversion *how, unsigned long value, bool is_signed)
{
    char digits[24], *at = digits + sizeof digits;
    const char *prefix = "", *set = how->letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = strchr("xXp", how->letter) ? 16 : how->letter == 'o' ? 8 : 10;
    if (is_signed && (long)value < 0)
        prefix = "-", value = -value;
    else if (is_signed)
        prefix = how->plus ? "+" : how->space ? " " : "";
    else if (base == 16 && how->alternate && value)
        prefix = how->letter == 'X' ? "0X" : "0x";
    bool empty = value == 0 && how->precision == 0;
    for (; value || (at == digits + sizeof digits && !empty); value /= base)
        *--at = set[value % base];
    int length = digits + sizeof digits - at;
    how->zero = how->zero && how->precision < 0;
    if (base == 8 && how->alternate && how->precision <= length && (length == 0 || *at != '0'))
        how->precision = length + 1;
    put_padded(out, how, prefix, how->precision > length ? how->precision - length : 0, at, length);
}

static unsigned long fetch_integer(va_list *arguments, int longs, bool is_signed)
{
    if (longs > 0)
        return va_arg(*arguments, unsigned long);
    unsigned value = va_arg(*arguments, unsigned);
    if (longs == -1)
        return is_signed ? (unsigned long)(short)value : (unsigned short)value;
    if (longs < -1)
        return is_signed ? (unsigned long)(signed char)value : (unsigned char)value;
    return is_signed ? (unsigned long)(int)value : value;
}

static void convert(struct output *out, struct conversion *how, va_list *arguments)
{
    bool is_signed = how->letter == 'd' || how->letter == 'i';
    char c = how->letter;
    if (is_signed || (c && strchr("uxXo", c))) {
        put_number(out, how, fetch_integer(arguments, how->longs, is_signed), is_signed);
    } else if (c == 'p') {
        how->alternate = true;
        put_number(out, how, (unsigned long)va_arg(*arguments, void *), false);
    } else if (c == 's') {
        const char *text = va_arg(*arguments, const char *);
        text = text ? text : "(null)";
        how->zero = false;
        put_padded(out, how, "", 0, text,
                   strnlen(text, how->precision < 0 ? (size_t)-1 : (size_t)how->precision));
    } else {
        how->zero = false;
        c = c == 'c' ? (char)va_arg(*arguments, int) : c;
        put_padded(out, how, "", 0, &c, 1);
    }
}

static int parse_count(const char **format, va_list *arguments)
{
    int count = 0;
    if (**format == '*') {
        (*format)++;
        return va_arg(*arguments, int);
    }
    while (isdigit(**format))
        count = count * 10 + *(*format)++ - '0';
    return count;
}

// From behind the % up to and with the letter.
static struct conversion parse(const char **format, va_list *arguments)
{
    struct conversion how = {.precision = -1};
    for (;; (*format)++) {
        char c = **format;
        if (c == '-')
            how.left = true;
        else if (c == '0')
            how.zero = true;
        else if (c == '+')
            how.plus = true;
        else if (c == ' ')
            how.space = true;
        else if (c == '#')
            how.alternate = true;
        else
            break;
    }
    how.width = parse_count(format, arguments);
    if (how.width < 0)
        how.left = true, how.width = -how.width;
    if (**format == '.') {
        (*format)++;
        how.precision = parse_count(format, arguments);
    }
    for (; **format && strchr("lhzj", **format); (*format)++)
        how.longs += **format == 'h' ? -1 : 1;
    how.letter = **format;
    if (how.letter)
        (*format)++;
    return how;
}

static void format_all(struct output *out, const char *format, va_list given)
{
    va_list arguments;
    va_copy(arguments, given);
    for (;;) {
        size_t plain = strcspn(format, "%");
        out->put(out, format, plain);
        format += plain;
        if (!*format++)
            break;
        struct conversion how = parse(&format, &arguments);
        if (how.letter)
            convert(out, &how, &arguments);
    }
    va_end(arguments);
}

static void put_to_file(struct output *out, const char *text, size_t bytes)
{
    out->total += bytes;
    fwrite(text, 1, bytes, out->file);
}

int vfprintf(FILE *file, const char *format, va_list arguments)
{
    struct output out = {.put = put_to_file, .file = file};
    unsigned at_once = file->flags & STREAM_AT_ONCE;
    file->flags &= ~STREAM_AT_ONCE; // one write for the whole text
    format_all(&out, format, arguments);
    file->flags |= at_once;
    if (at_once)
        fflush(file);
    return file->flags & STREAM_ERROR ? -1 : (int)out.total;
}

static void put_to_string(struct output *out, const char *text, size_t bytes)
{
    size_t room = out->end - out->at, fits = bytes < room ? bytes : room;
    memcpy(out->at, text, fits);
    out->at += fits;
    out->total += bytes;
}

int vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    struct output out = {.put = put_to_string, .at = to, .end = to + (size ? size - 1 : 0)};
    format_all(&out, format, arguments);
    if (size)
        *out.at = '\0';
    return out.total;
}

int printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(stdout, format, arguments);
    va_end(arguments);
    return length;
}

int fprintf(FILE *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vfprintf(file, format, arguments);
    va_end(arguments);
    return length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
