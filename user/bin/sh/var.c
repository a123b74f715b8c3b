// SPDX-License-Identifier: MIT
// The shell's memory: variables, and the arena that commands are parsed and expanded in. The arena is a
// stack: whoever runs a command takes a mark before and releases it after, so a loop does not grow.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

struct variable {
    struct variable *next;
    bool exported;
    size_t name_length;
    char *text; // NAME=value; NULL value: only the name, exported but not set
};

static struct variable *variables;
char **parameters, *shell_name;
int parameter_count;

static struct variable *find(const char *name, size_t length, bool create)
{
    struct variable *at = variables;
    while (at && !(at->name_length == length && strncmp(at->text, name, length) == 0))
        at = at->next;
    if (!at && create) {
        at = calloc(1, sizeof *at);
        if (!at || !(at->text = calloc(1, length + 1)))
            err(2, "variable");
        memcpy(at->text, name, length);
        at->name_length = length;
        at->next = variables;
        variables = at;
    }
    return at;
}

const char *get_variable(const char *name, size_t length)
{
    struct variable *found = find(name, length, false);
    return found && found->text[length] == '=' ? found->text + length + 1 : NULL;
}

void set_variable(const char *name, size_t length, const char *value)
{
    struct variable *variable = find(name, length, true);
    char *text = malloc(length + strlen(value) + 2);
    if (!text)
        err(2, "variable");
    memcpy(text, name, length);
    text[length] = '=';
    strcpy(text + length + 1, value);
    free(variable->text);
    variable->text = text;
}

void unset_variable(const char *name)
{
    struct variable *found = find(name, strlen(name), false), **at = &variables;
    if (!found)
        return;
    while (*at != found)
        at = &(*at)->next;
    *at = found->next;
    free(found->text);
    free(found);
}

void export_variable(const char *name, size_t length)
{
    find(name, length, true)->exported = true;
}

void import_environment(void)
{
    for (char **at = environ; *at; at++) {
        size_t length = strcspn(*at, "=");
        if (!is_name(*at, *at + length) || !(*at)[length])
            continue;
        set_variable(*at, length, *at + length + 1);
        export_variable(*at, length);
    }
}

void print_variables(void)
{
    for (struct variable *at = variables; at; at = at->next)
        if (at->text[at->name_length])
            printf("%.*s='%s'\n", (int)at->name_length, at->text, at->text + at->name_length + 1);
}

char **exported_environment(void)
{
    size_t count = 0;
    for (struct variable *at = variables; at; at = at->next)
        count += at->exported;
    char **list = allocate((count + 1) * sizeof *list);
    list[count] = NULL;
    for (struct variable *at = variables; at; at = at->next)
        if (at->exported && at->text[at->name_length])
            list[--count] = at->text;
    return list + count;
}

// Chunks, newest first; base counts the bytes of all older ones, so a mark is one number.
static struct chunk {
    struct chunk *older;
    size_t base, used, size;
    char memory[] __attribute__((aligned(16)));
} * newest;

void *allocate(size_t bytes)
{
    bytes = (bytes + 15) & ~15UL;
    if (!newest || newest->size - newest->used < bytes) {
        size_t size = bytes > 4000 ? bytes : 4000;
        struct chunk *chunk = malloc(sizeof *chunk + size);
        if (!chunk)
            err(2, "memory");
        *chunk = (struct chunk){newest, newest ? newest->base + newest->used : 0, 0, size};
        newest = chunk;
    }
    newest->used += bytes;
    return newest->memory + newest->used - bytes;
}

size_t arena_mark(void)
{
    return newest ? newest->base + newest->used : 0;
}

void arena_release(size_t mark)
{
    while (newest && newest->base >= mark && newest->older) {
        struct chunk *older = newest->older;
        free(newest);
        newest = older;
    }
    if (newest)
        newest->used = mark - newest->base;
}

char *save_text(const char *text, size_t length)
{
    char *copy = allocate(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void add_text(struct text *to, const char *text, size_t length)
{
    if (to->length + length + 1 > to->capacity) {
        size_t capacity = (to->length + length + 1) * 2;
        char *larger = allocate(capacity);
        memcpy(larger, to->at, to->length);
        to->at = larger;
        to->capacity = capacity;
    }
    memcpy(to->at + to->length, text, length);
    to->length += length;
    to->at[to->length] = '\0';
}

void add_char(struct text *to, char c)
{
    add_text(to, &c, 1);
}
