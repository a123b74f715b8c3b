// SPDX-License-Identifier: MIT
// From characters to tokens. A word keeps its quotes and dollars: what they mean is decided when it is
// expanded, perhaps many times in a loop. Here they only matter for where the word ends.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

// The next character is looked at, not taken. -1 at the end. Standard input is read byte by byte, since the
// commands that are started read on from where the shell stopped.
static int peek(struct source *s)
{
    if (s->text)
        return *s->text ? (unsigned char)*s->text : -1;
    if (s->position == s->length) {
        if (s->ended) // a terminal would be asked again
            return -1;
        if (s->interactive && (s->length == 0 || s->buffer[s->length - 1] == '\n'))
            fputs(s->continued ? "> " : "kine$ ", stderr);
        ssize_t got;
        do
            got = read(s->fd, s->buffer, s->fd == 0 ? 1 : sizeof s->buffer);
        while (got < 0 && errno == EINTR);
        s->position = 0;
        s->length = got > 0 ? got : 0;
        s->continued = true;
        s->ended = got <= 0;
        if (s->ended)
            return -1;
    }
    return (unsigned char)s->buffer[s->position];
}

static int take(struct source *s)
{
    int c = peek(s);
    if (c >= 0 && s->text)
        s->text++;
    else if (c >= 0)
        s->position++;
    s->line += c == '\n';
    return c;
}

static bool take_if(struct source *s, char wanted)
{
    return peek(s) == wanted && take(s) == wanted;
}

void syntax_error(struct source *s, const char *near)
{
    if (!s->failed)
        fprintf(stderr, "sh: line %d: syntax error: %s\n", s->line, near);
    s->failed = true;
    s->token = END;
}

// After an error the rest of a typed line means nothing.
void discard_line(struct source *s)
{
    while ((!s->position || s->buffer[s->position - 1] != '\n') && take(s) >= 0)
        ;
    s->failed = false;
}

static const char no_backquotes[] = "there are no backquotes here: $(command) is the same";

// Copies up to and with the closing character, over quotes and nested parentheses.
static void copy_until(struct source *s, struct text *to, char close)
{
    for (;;) {
        int c = take(s);
        if (c < 0) {
            syntax_error(s, "unterminated quote or parenthesis");
            return;
        }
        add_char(to, c);
        if (c == close)
            return;
        if (close == '\'')
            continue;
        if (c == '\\' && peek(s) >= 0)
            add_char(to, take(s));
        else if (c == '"' || (c == '\'' && close != '"'))
            copy_until(s, to, c);
        else if (c == '(' && close == ')')
            copy_until(s, to, ')');
        else if (c == '`')
            syntax_error(s, no_backquotes);
        else if (c == '$' && (peek(s) == '(' || peek(s) == '{')) {
            add_char(to, take(s));
            copy_until(s, to, to->at[to->length - 1] == '(' ? ')' : '}');
        }
    }
}

static void read_word(struct source *s)
{
    struct text word = {0};
    for (int c; !s->failed && (c = peek(s)) >= 0 && !strchr(" \t\n|&;()<>", c);) {
        take(s);
        if (c == '\\' && take_if(s, '\n'))
            continue;
        add_char(&word, c);
        if (c == '\\' && peek(s) >= 0)
            add_char(&word, take(s));
        else if (c == '\'' || c == '"')
            copy_until(s, &word, c);
        else if (c == '`')
            syntax_error(s, no_backquotes);
        else if (c == '$' && (peek(s) == '(' || peek(s) == '{')) {
            add_char(&word, take(s));
            copy_until(s, &word, word.at[word.length - 1] == '(' ? ')' : '}');
        }
    }
    if (!word.at && !s->failed) { // it was only a backslash at the end of a line
        next_token(s);
        return;
    }
    s->word = word.at;
    s->token = s->failed ? END : WORD;
    if ((peek(s) == '<' || peek(s) == '>') && word.length && strspn(word.at, "0123456789") == word.length) {
        next_token(s);
        s->io_number = atoi(word.at);
    }
}

static void skip_blanks(struct source *s)
{
    while (peek(s) == ' ' || peek(s) == '\t')
        take(s);
    if (peek(s) == '#')
        while (peek(s) >= 0 && peek(s) != '\n')
            take(s);
}

void next_token(struct source *s)
{
    s->io_number = -1;
    s->word = NULL;
    if (s->failed)
        return;
    skip_blanks(s);
    int c = peek(s);
    if (c >= 0 && !strchr("\n|&;()<>", c)) {
        read_word(s);
        return;
    }
    take(s);
    switch (c) {
    case '\n':
        s->token = NEWLINE;
        break;
    case '|':
        s->token = take_if(s, '|') ? OR_IF : BAR;
        break;
    case '&':
        s->token = take_if(s, '&') ? AND_IF : AMPERSAND;
        break;
    case ';':
        s->token = SEMICOLON;
        break;
    case '(':
        s->token = OPEN;
        break;
    case ')':
        s->token = CLOSE;
        break;
    case '<':
        s->token = take_if(s, '&') ? DUPLICATE : LESS;
        s->io_number = 0;
        break;
    case '>':
        s->token = take_if(s, '>') ? APPEND : take_if(s, '&') ? DUPLICATE : GREAT;
        s->io_number = 1;
        break;
    default:
        s->token = END;
    }
}
