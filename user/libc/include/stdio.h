// SPDX-License-Identifier: MIT
#pragma once
#include <stdarg.h>
#include <sys/types.h>
#define EOF    (-1)
#define BUFSIZ 1024

// A stream is either being read (buffer[position..end) is still to be handed out) or written
// (buffer[0..position) is still to be written); none does both.
enum {
    STREAM_WRITES = 1,
    STREAM_EOF = 2,
    STREAM_ERROR = 4,
    STREAM_BY_LINE = 8,
    STREAM_AT_ONCE = 16,
    STREAM_ASK = 32
};
typedef struct stream {
    int fd, error; // error: errno of the last read or write that failed
    unsigned flags, position, end;
    struct stream *next; // all open streams, for fflush(NULL)
    char buffer[BUFSIZ];
} FILE;
extern FILE stdin[1], stdout[1], stderr[1];

FILE *fopen(const char *path, const char *mode); // r, w or a, perhaps with b; EINVAL: others
FILE *fdopen(int fd, const char *mode);
int fclose(FILE *file);
int fflush(FILE *file); // NULL: all of them
int fileno(FILE *file);
int feof(FILE *file);
int ferror(FILE *file);
void clearerr(FILE *file);
size_t fread(void *to, size_t size, size_t count, FILE *file);
size_t fwrite(const void *from, size_t size, size_t count, FILE *file);
int getc(FILE *file);
int putc(int c, FILE *file);
int putchar(int c);
char *fgets(char *to, int size, FILE *file);
ssize_t getline(char **line, size_t *capacity, FILE *file);
int fputs(const char *text, FILE *file);
int puts(const char *text);
void perror(const char *what);
int rename(const char *from, const char *to);

#define PRINTF(text, first) __attribute__((format(printf, text, first)))
int printf(const char *format, ...) PRINTF(1, 2);
int fprintf(FILE *file, const char *format, ...) PRINTF(2, 3);
int snprintf(char *to, size_t size, const char *format, ...) PRINTF(3, 4);
int vfprintf(FILE *file, const char *format, va_list arguments);
int vsnprintf(char *to, size_t size, const char *format, va_list arguments);
