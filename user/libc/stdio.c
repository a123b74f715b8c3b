// SPDX-License-Identifier: MIT
// Buffered streams over read and write. stdout writes at every line end when it is a terminal, stderr at
// once; all others when the buffer is full, on fflush, fclose and exit.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

FILE stdin[1] = {{.fd = 0}};
FILE stderr[1] = {{.fd = 2, .flags = STREAM_WRITES | STREAM_AT_ONCE, .next = stdin}};
FILE stdout[1] = {{.fd = 1, .flags = STREAM_WRITES | STREAM_ASK, .next = stderr}};
static FILE *streams = stdout;

// A stream reads or writes: r+, w+ and a+ are refused.
static bool is_mode(const char *mode)
{
    bool good = *mode && strchr("rwa", *mode) && !strchr(mode, '+');
    if (!good)
        errno = EINVAL;
    return good;
}

FILE *fdopen(int fd, const char *mode)
{
    if (!is_mode(mode))
        return NULL;
    FILE *file = malloc(sizeof *file);
    if (!file)
        return NULL;
    file->fd = fd;
    file->flags = *mode == 'r' ? 0 : STREAM_WRITES;
    file->position = file->end = 0;
    file->next = streams;
    return streams = file;
}

FILE *fopen(const char *path, const char *mode)
{
    int flags = *mode == 'r' ? O_RDONLY : O_WRONLY | O_CREAT | (*mode == 'a' ? O_APPEND : O_TRUNC);
    int fd = is_mode(mode) ? open(path, flags, 0666) : -1;
    FILE *file = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && !file)
        close(fd);
    return file;
}

int fclose(FILE *file)
{
    FILE **at = &streams;
    int result = fflush(file);
    result |= close(file->fd);
    while (*at != file)
        at = &(*at)->next;
    *at = file->next;
    if (file != stdin && file != stdout && file != stderr)
        free(file);
    return result;
}

int fflush(FILE *file)
{
    int result = 0;
    if (!file)
        for (FILE *each = streams; each; each = each->next)
            result |= fflush(each);
    else if (file->flags & STREAM_WRITES) {
        for (unsigned done = 0; done < file->position;) {
            ssize_t written = write(file->fd, file->buffer + done, file->position - done);
            if (written < 0 && errno != EINTR) {
                file->flags |= STREAM_ERROR;
                file->error = errno;
                result = EOF;
                break;
            }
            done += written > 0 ? written : 0;
        }
        file->position = 0;
    }
    return result;
}

int fileno(FILE *file)
{
    return file->fd;
}

int feof(FILE *file)
{
    return file->flags & STREAM_EOF;
}

int ferror(FILE *file)
{
    return file->flags & STREAM_ERROR;
}

void clearerr(FILE *file)
{
    file->flags &= ~(STREAM_EOF | STREAM_ERROR);
}

int getc(FILE *file)
{
    if (file->position >= file->end) {
        ssize_t got;
        if (file == stdin)
            fflush(stdout); // a prompt should be seen before its answer is awaited
        do
            got = read(file->fd, file->buffer, BUFSIZ);
        while (got < 0 && errno == EINTR);
        if (got <= 0) {
            file->flags |= got ? STREAM_ERROR : STREAM_EOF;
            file->error = errno;
            return EOF;
        }
        file->position = 0;
        file->end = got;
    }
    return (unsigned char)file->buffer[file->position++];
}

size_t fread(void *to, size_t size, size_t count, FILE *file)
{
    size_t done = 0;
    for (int c; done < size * count && (c = getc(file)) != EOF; done++)
        ((char *)to)[done] = c;
    return size ? done / size : 0;
}

char *fgets(char *to, int size, FILE *file)
{
    int length = 0, c = 0;
    while (length < size - 1 && c != '\n' && (c = getc(file)) != EOF)
        to[length++] = c;
    to[length] = '\0';
    return length ? to : NULL;
}

ssize_t getline(char **line, size_t *capacity, FILE *file)
{
    size_t length = 0;
    for (int c = 0; c != '\n' && (c = getc(file)) != EOF;) {
        if (!*line || length + 1 >= *capacity) {
            size_t wanted = *line && *capacity ? *capacity * 2 : 128;
            char *larger = realloc(*line, wanted);
            if (!larger) {
                file->flags |= STREAM_ERROR;
                file->error = ENOMEM;
                return -1;
            }
            *line = larger;
            *capacity = wanted;
        }
        (*line)[length++] = c;
        (*line)[length] = '\0';
    }
    return length ? (ssize_t)length : -1;
}

size_t fwrite(const void *from, size_t size, size_t count, FILE *file)
{
    const char *at = from;
    size_t left = size * count;
    if (file->flags & STREAM_ASK)
        file->flags = STREAM_WRITES | (isatty(file->fd) ? STREAM_BY_LINE : 0);
    while (left) {
        size_t room = BUFSIZ - file->position, part = left < room ? left : room;
        memcpy(file->buffer + file->position, at, part);
        file->position += part;
        bool line_ends = file->flags & STREAM_BY_LINE && memchr(at, '\n', part);
        if ((file->position == BUFSIZ || line_ends || file->flags & STREAM_AT_ONCE) && fflush(file) < 0)
            return (size * count - left) / size;
        at += part;
        left -= part;
    }
    return count;
}

int putc(int c, FILE *file)
{
    char byte = c;
    return fwrite(&byte, 1, 1, file) == 1 ? (unsigned char)c : EOF;
}

int putchar(int c)
{
    return putc(c, stdout);
}

int fputs(const char *text, FILE *file)
{
    size_t length = strlen(text);
    return fwrite(text, 1, length, file) == length ? 0 : EOF;
}

int puts(const char *text)
{
    return fputs(text, stdout) < 0 ? EOF : putchar('\n');
}
