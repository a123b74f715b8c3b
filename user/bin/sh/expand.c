// SPDX-License-Identifier: MIT
// What a word stands for: quotes are removed, $name, ${name}, $(command) and $((arithmetic)) replaced; what
// came from an unquoted $ is split at blanks (IFS), and * ? [ ] in a field are matched against file names.
//
// A field under construction keeps a backslash before every character that must not act as a pattern, so that
// the matcher sees at once what was quoted. The backslashes go when the field is finished.
#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sh.h"

struct expansion {
    struct text field;
    bool present; // the field exists even if it is empty
    bool quoted;  // inside of "..."
    bool single;  // no splitting, no file names
    char **fields;
    int count, capacity;
};

static void expand_into(struct expansion *e, const char *at, const char *end);

bool expansion_failed;

void expansion_error(const char *why, const char *text)
{
    fprintf(stderr, "sh: %s: %s\n", why, text);
    if (!interactive)
        exit(2);
    expansion_failed = true;
}

bool is_name(const char *from, const char *to)
{
    if (from == to || isdigit(*from))
        return false;
    while (from < to && (isalnum(*from) || *from == '_'))
        from++;
    return from == to;
}

static void add_field(struct expansion *e, char *field)
{
    if (e->count + 1 >= e->capacity) {
        char **larger = allocate((e->capacity = 2 * e->capacity + 8) * sizeof *larger);
        memcpy(larger, e->fields, e->count * sizeof *larger);
        e->fields = larger;
    }
    e->fields[e->count++] = field;
    e->fields[e->count] = NULL;
}

static char *without_backslashes(const char *from)
{
    char *copy = save_text(from, strlen(from)), *to = copy;
    for (; *from; *to++ = *from++)
        if (*from == '\\' && from[1])
            from++;
    *to = '\0';
    return copy;
}

static bool is_pattern(const char *text)
{
    for (; *text; text++)
        if (*text == '\\' && text[1])
            text++;
        else if (strchr("*?[", *text))
            return true;
    return false;
}

// Adds every existing path that begins with the plain text prefix and goes on as the pattern says.
static void match_paths(struct expansion *e, const char *prefix, const char *pattern)
{
    size_t slashes = strspn(pattern, "/"), length = strcspn(pattern + slashes, "/");
    char *part = save_text(pattern + slashes, length), *start;
    const char *rest = pattern + slashes + length;
    struct text path = {0};
    struct stat status;
    add_text(&path, prefix, strlen(prefix));
    add_text(&path, pattern, slashes);
    start = save_text(path.at, path.length);
    if (!is_pattern(part)) {
        part = without_backslashes(part);
        add_text(&path, part, strlen(part));
        if (*rest)
            match_paths(e, path.at, rest);
        else if (lstat(path.at, &status) == 0)
            add_field(e, path.at);
        return;
    }
    DIR *dir = opendir(*start ? start : ".");
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (fnmatch(part, entry->d_name, FNM_PERIOD) != 0)
            continue;
        struct text found = {0};
        add_text(&found, start, strlen(start));
        add_text(&found, entry->d_name, strlen(entry->d_name));
        if (*rest)
            match_paths(e, found.at, rest);
        else
            add_field(e, found.at);
    }
    if (dir)
        closedir(dir);
}

static int compare_fields(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void end_field(struct expansion *e)
{
    char *text = e->field.at ? e->field.at : "";
    int before = e->count;
    if (!e->present && !*text)
        return;
    if (!e->single && is_pattern(text))
        match_paths(e, "", text);
    if (e->count == before)
        add_field(e, without_backslashes(text));
    else
        qsort(e->fields + before, e->count - before, sizeof *e->fields, compare_fields);
    e->field = (struct text){0};
    e->present = false;
}

static void add_quoted(struct expansion *e, char c)
{
    if (strchr("*?[]!^-\\", c))
        add_char(&e->field, '\\');
    add_char(&e->field, c);
}

// The value of a $ expression: as it is inside of quotes, else split.
static void add_value(struct expansion *e, const char *value)
{
    const char *ifs = get_variable("IFS", 3);
    for (ifs = ifs ? ifs : " \t\n"; *value; value++) {
        if (e->quoted || e->single) {
            add_quoted(e, *value);
        } else if (strchr(ifs, *value)) {
            e->present |= !isspace(*value);
            end_field(e);
        } else {
            if (*value == '\\')
                add_char(&e->field, '\\');
            add_char(&e->field, *value);
        }
    }
}

static void add_parameters(struct expansion *e, char form)
{
    for (int i = 0; i < parameter_count; i++) {
        if (i && form == '@' && !e->single)
            e->present |= e->quoted, end_field(e);
        else if (i)
            add_value(e, " ");
        add_value(e, parameters[i]);
        e->present |= e->quoted;
    }
}

// What stands behind $ or ${ : its value, NULL if unset; *end is behind it.
static const char *parameter_value(const char *at, const char **end)
{
    char number[16];
    const char *to = at + 1;
    int value = *at == '?'   ? last_status
                : *at == '#' ? parameter_count
                : *at == '$' ? getpid()
                             : background_pid;
    if (isdigit(*at)) {
        value = strtol(at, (char **)end, 10);
        return value == 0 ? shell_name : value <= parameter_count ? parameters[value - 1] : NULL;
    }
    if (*at && strchr("?#$!", *at)) {
        *end = to;
        snprintf(number, sizeof number, "%d", value);
        return save_text(number, strlen(number));
    }
    for (to = at; isalnum(*to) || *to == '_';)
        to++;
    *end = to;
    return get_variable(at, to - at);
}

// The character that closes a quote or bracket, by the rules of the lexer (copy_until), which has seen that
// it is there; at is behind the opening one.
static const char *closing(const char *at, char close)
{
    for (; *at && *at != close; at++) {
        if (close == '\'')
            continue;
        if (*at == '\\' && at[1])
            at++;
        else if (*at == '"' || (*at == '\'' && close != '"'))
            at = closing(at + 1, *at);
        else if (*at == '(' && close == ')')
            at = closing(at + 1, ')');
        else if (*at == '$' && (at[1] == '(' || at[1] == '{'))
            at = closing(at + 2, at[1] == '(' ? ')' : '}');
        if (!*at)
            break;
    }
    return at;
}

// ${name}, ${#name}, ${name:-word}, ${name:=word}, ${name:+word}, also without the colon
static void expand_braces(struct expansion *e, const char *at, const char *end)
{
    const char *name = *at == '#' && at[1] != '}' ? at + 1 : at, *after;
    const char *value = parameter_value(name, &after);
    bool colon = *after == ':', set = value && !(colon && !*value);
    char operation = after + colon < end ? after[colon] : '\0';
    if (after == name || (after != end && (name > at || !operation || !strchr("-=+", operation)))) {
        expansion_error("bad substitution", save_text(at - 2, end + 1 - (at - 2)));
        return;
    }
    if (name > at) {
        char number[24];
        snprintf(number, sizeof number, "%zu", value ? strlen(value) : 0);
        add_value(e, number);
        return;
    }
    const char *word = after + colon + 1;
    if (operation == '=' && !set) {
        set_variable(name, after - name, expand_single(save_text(word, end - word)));
        value = get_variable(name, after - name);
        set = true;
    }
    if (operation == '+' ? set : operation == '-' ? !set : false)
        expand_into(e, word, end);
    else if (operation != '+' && value)
        add_value(e, value);
}

static const char *expand_dollar(struct expansion *e, const char *at)
{
    const char *end = at + 1, *value;
    if (*at == '(') {
        end = closing(at + 1, ')');
        if (at[1] == '(' && end[-1] == ')')
            add_value(e, arithmetic(save_text(at + 2, end - at - 3)));
        else
            add_value(e, capture(save_text(at + 1, end - at - 1)));
        return end + 1;
    }
    if (*at == '{') {
        end = closing(at + 1, '}');
        if ((at[1] == '@' || at[1] == '*') && end == at + 2)
            add_parameters(e, at[1]);
        else
            expand_braces(e, at + 1, end);
        return end + 1;
    }
    if (*at == '@' || *at == '*') {
        add_parameters(e, *at);
        return end;
    }
    if (isdigit(*at)) { // $12 is $1 and a 2
        char one[2] = {*at};
        value = parameter_value(one, &end);
        end = at + 1;
    } else {
        value = parameter_value(at, &end);
    }
    if (end == at)
        add_quoted(e, '$');
    else if (value)
        add_value(e, value);
    return end;
}

static void expand_into(struct expansion *e, const char *at, const char *end)
{
    while (at < end) {
        char c = *at++;
        if (c == '$') {
            at = expand_dollar(e, at);
        } else if (c == '"') {
            e->quoted = !e->quoted;
            // "$@" without parameters is no field at all; every other pair of quotes makes one
            if (e->quoted && strncmp(at, "$@\"", 3) == 0 && parameter_count == 0)
                at += 3, e->quoted = false;
            else
                e->present = true;
        } else if (c == '\'' && !e->quoted) {
            for (e->present = true; *at != '\''; at++)
                add_quoted(e, *at);
            at++;
        } else if (c == '\\' && at < end && (!e->quoted || strchr("$\"\\`", *at))) {
            add_quoted(e, *at++);
        } else if (e->quoted) {
            add_quoted(e, c);
        } else {
            if (c == '\\')
                add_char(&e->field, c);
            add_char(&e->field, c);
        }
    }
}

char **expand_words(struct word *words, int *count)
{
    struct expansion e = {0};
    for (; words; words = words->next) {
        if (words->text[0] == '~' && (!words->text[1] || words->text[1] == '/') && get_variable("HOME", 4)) {
            add_text(&e.field, get_variable("HOME", 4), strlen(get_variable("HOME", 4)));
            expand_into(&e, words->text + 1, words->text + strlen(words->text));
        } else {
            expand_into(&e, words->text, words->text + strlen(words->text));
        }
        end_field(&e);
    }
    *count = e.count;
    return e.fields;
}

char *expand_single(const char *word)
{
    struct expansion e = {.single = true, .present = true};
    expand_into(&e, word, word + strlen(word));
    e.present = true;
    end_field(&e);
    return e.fields[0];
}
