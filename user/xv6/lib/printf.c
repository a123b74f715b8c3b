// SPDX-License-Identifier: MIT
// printf to a descriptor: %d %u %x with l or ll before them for 64 bits, %l alone for an unsigned one, %p %c
// %s %%.
#include <stdarg.h>
#include "user/user.h"

// Collects text, to write it with few calls. On the stack, which is small.
struct output {
    int fd;
    uint length;
    char text[128];
};

static void flush(struct output *out)
{
    if (out->length)
        write(out->fd, out->text, (int)out->length);
    out->length = 0;
}

static void put(struct output *out, char c)
{
    if (out->length == sizeof out->text)
        flush(out);
    out->text[out->length++] = c;
}

static void put_text(struct output *out, const char *text)
{
    for (text = text ? text : "(null)"; *text; text++)
        put(out, *text);
}

static void put_number(struct output *out, uint64 number, uint base, int least_digits)
{
    char digits[20];
    int count = 0;
    for (; number || count < least_digits; number /= base)
        digits[count++] = "0123456789abcdef"[number % base];
    while (count)
        put(out, digits[--count]);
}

static void put_signed(struct output *out, long number)
{
    if (number < 0)
        put(out, '-');
    put_number(out, number < 0 ? -(uint64)number : (uint64)number, 10, 1);
}

// One conversion; `format` is behind the %. => returns what comes after it
static const char *convert(struct output *out, const char *format, va_list *arguments)
{
    const char *start = format;
    while (*format == 'l' && format < start + 2)
        format++;
    if (format > start && (!*format || !strchr("dux", *format))) {
        put_number(out, va_arg(*arguments, uint64), 10, 1);
        return start + 1;
    }
    int is_long = format > start;
    switch (*format) {
    case 'd':
        put_signed(out, is_long ? va_arg(*arguments, long) : va_arg(*arguments, int));
        break;
    case 'u':
    case 'x':
        put_number(out, is_long ? va_arg(*arguments, uint64) : va_arg(*arguments, uint),
                   *format == 'x' ? 16 : 10, 1);
        break;
    case 'p':
        put_text(out, "0x");
        put_number(out, va_arg(*arguments, uint64), 16, 16);
        break;
    case 's':
        put_text(out, va_arg(*arguments, const char *));
        break;
    case 'c':
        put(out, (char)va_arg(*arguments, int));
        break;
    case '\0':
        return format;
    default: // visible, so that somebody notices
        put(out, '%');
        put(out, *format);
        break;
    case '%':
        put(out, '%');
    }
    return format + 1;
}

static void print(int fd, const char *format, va_list arguments)
{
    struct output out = {.fd = fd};
    va_list rest;
    va_copy(rest, arguments);
    while (*format) {
        char c = *format++;
        if (c == '%')
            format = convert(&out, format, &rest);
        else
            put(&out, c);
    }
    va_end(rest);
    flush(&out);
}

void printf(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(1, format, arguments);
    va_end(arguments);
}

void fprintf(int fd, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(fd, format, arguments);
    va_end(arguments);
}
