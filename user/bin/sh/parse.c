// SPDX-License-Identifier: MIT
// From tokens to a tree, by recursive descent; each function is one rule of the grammar:
//   list     = and-or { (";" | "&" | newline) and-or }        pipeline = ["!"] command { "|" command }
//   and-or   = pipeline { ("&&" | "||") pipeline }            command  = simple | if | while | for | ( ) | {
//   }
// After a syntax error the token stays END, so every rule comes to its end by itself.
#include <string.h>
#include "sh.h"

static struct node *parse_list(struct source *s, bool many_lines);

static struct node *new_node(int kind, struct node *left, struct node *right)
{
    struct node *node = allocate(sizeof *node);
    *node = (struct node){.kind = kind, .left = left, .right = right};
    return node;
}

// Reserved words count only where a command could begin and only without quotes: word keeps its quotes.
static bool at_word(struct source *s, const char *reserved)
{
    return s->token == WORD && strcmp(s->word, reserved) == 0;
}

static bool accept(struct source *s, const char *reserved)
{
    bool found = at_word(s, reserved);
    if (found)
        next_token(s);
    return found;
}

static void unexpected(struct source *s)
{
    syntax_error(s, s->token == WORD ? s->word : s->token == END ? "unexpected end" : "unexpected operator");
}

static void expect(struct source *s, const char *reserved)
{
    if (!accept(s, reserved))
        unexpected(s);
}

static void skip_newlines(struct source *s)
{
    while (s->token == NEWLINE)
        next_token(s);
}

static bool ends_list(struct source *s)
{
    static const char *const enders[] = {"then", "elif", "else", "fi", "do", "done", "}", NULL};
    for (const char *const *at = enders; *at; at++)
        if (at_word(s, *at))
            return true;
    return s->token == END || s->token == CLOSE;
}

static struct node *parse_body(struct source *s, const char *before, const char *after)
{
    if (before)
        expect(s, before);
    struct node *body = parse_list(s, true);
    if (!body && !s->failed)
        unexpected(s);
    if (after)
        expect(s, after);
    return body;
}

static bool parse_redirect(struct source *s, struct redirect ***end)
{
    if (s->token < LESS)
        return false;
    struct redirect *new = allocate(sizeof *new);
    *new = (struct redirect){.kind = s->token, .fd = s->io_number};
    next_token(s);
    if (s->token == WORD)
        new->target = s->word;
    else
        syntax_error(s, "redirection without a name");
    next_token(s);
    **end = new;
    *end = &new->next;
    return true;
}

static bool is_assignment(const char *word)
{
    const char *equals = strchr(word, '=');
    return equals && is_name(word, equals);
}

static struct node *parse_simple(struct source *s)
{
    struct node *node = new_node(COMMAND, NULL, NULL);
    struct word **words = &node->words, **assignments = &node->assignments;
    struct redirect **redirects = &node->redirects;
    for (;;) {
        if (s->token == WORD) {
            struct word *new = allocate(sizeof *new), ***list = &words;
            *new = (struct word){s->word, NULL};
            if (!node->words && is_assignment(s->word))
                list = &assignments;
            **list = new;
            *list = &new->next;
            next_token(s);
        } else if (!parse_redirect(s, &redirects)) {
            break;
        }
    }
    if (!node->words && !node->assignments && !node->redirects)
        unexpected(s);
    return node;
}

static struct node *parse_if(struct source *s)
{
    struct node *node = new_node(IF, parse_body(s, NULL, "then"), NULL);
    node->right = parse_body(s, NULL, NULL);
    if (accept(s, "elif"))
        node->otherwise = parse_if(s); // takes the fi
    else if (accept(s, "else"))
        node->otherwise = parse_body(s, NULL, "fi");
    else
        expect(s, "fi");
    return node;
}

static struct node *parse_for(struct source *s)
{
    struct node *node = new_node(FOR, NULL, NULL);
    struct word **end = &node->words;
    if (s->token != WORD || !is_name(s->word, s->word + strlen(s->word)))
        syntax_error(s, "for needs a name");
    node->name = s->word;
    next_token(s);
    skip_newlines(s);
    if (accept(s, "in")) {
        for (; s->token == WORD; next_token(s)) {
            *end = allocate(sizeof **end);
            **end = (struct word){s->word, NULL};
            end = &(*end)->next;
        }
    } else {
        *end = allocate(sizeof **end);
        **end = (struct word){"\"$@\"", NULL};
    }
    if (s->token == SEMICOLON)
        next_token(s);
    skip_newlines(s);
    node->right = parse_body(s, "do", "done");
    return node;
}

static struct node *parse_command(struct source *s)
{
    struct node *node;
    if (accept(s, "if")) {
        node = parse_if(s);
    } else if (at_word(s, "while") || at_word(s, "until")) {
        node = new_node(at_word(s, "while") ? WHILE : UNTIL, NULL, NULL);
        next_token(s);
        node->left = parse_body(s, NULL, NULL);
        node->right = parse_body(s, "do", "done");
    } else if (accept(s, "for")) {
        node = parse_for(s);
    } else if (accept(s, "{")) {
        node = new_node(GROUP, parse_body(s, NULL, "}"), NULL);
    } else if (s->token == OPEN) {
        next_token(s);
        node = new_node(SUBSHELL, parse_body(s, NULL, NULL), NULL);
        if (s->token != CLOSE)
            unexpected(s);
        next_token(s);
    } else if (!ends_list(s)) {
        return parse_simple(s);
    } else {
        unexpected(s);
        return NULL;
    }
    for (struct redirect **end = &node->redirects; parse_redirect(s, &end);)
        ;
    return node;
}

static struct node *parse_pipeline(struct source *s)
{
    if (accept(s, "!"))
        return new_node(NOT, parse_pipeline(s), NULL);
    struct node *node = parse_command(s);
    if (s->token != BAR)
        return node;
    next_token(s);
    skip_newlines(s);
    if (at_word(s, "!"))
        unexpected(s);
    return new_node(PIPE, node, parse_pipeline(s));
}

static struct node *parse_and_or(struct source *s)
{
    struct node *node = parse_pipeline(s);
    while (s->token == AND_IF || s->token == OR_IF) {
        int kind = s->token == AND_IF ? AND : OR;
        next_token(s);
        skip_newlines(s);
        node = new_node(kind, node, parse_pipeline(s));
    }
    return node;
}

static struct node *parse_list(struct source *s, bool many_lines)
{
    struct node *list = NULL;
    for (;;) {
        if (many_lines)
            skip_newlines(s);
        if (ends_list(s) || s->token == NEWLINE)
            return list;
        struct node *item = parse_and_or(s);
        if (s->token == AMPERSAND)
            item = new_node(BACKGROUND, item, NULL);
        list = list ? new_node(SEQUENCE, list, item) : item;
        if (s->token == AMPERSAND || s->token == SEMICOLON)
            next_token(s);
        else if (s->token != NEWLINE)
            return list;
    }
}

struct node *parse(struct source *s)
{
    s->continued = false;
    next_token(s);
    struct node *list = parse_list(s, false);
    if (s->token != NEWLINE && s->token != END && !s->failed)
        unexpected(s);
    return s->failed ? NULL : list;
}
