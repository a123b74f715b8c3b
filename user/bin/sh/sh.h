// SPDX-License-Identifier: MIT
// The shell, in the order in which a line passes through it:
//   lex.c     characters -> words and operators      parse.c   words -> a tree of commands
//   expand.c  a word -> the arguments it stands for  run.c     the tree -> processes
//   job.c, builtin.c, test.c  children, built-in commands    var.c     variables, the arena
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum token {
    END,
    NEWLINE,
    WORD,
    AND_IF,
    OR_IF,
    SEMICOLON,
    AMPERSAND,
    BAR,
    OPEN,
    CLOSE,
    LESS,
    GREAT,
    APPEND,
    DUPLICATE
};

// Where commands come from: a string, or a file descriptor. The lexer keeps the current token here.
struct source {
    const char *text; // NULL: read fd
    int fd;
    bool interactive; // prompt before each line
    bool continued;   // the next line belongs to an unfinished command
    bool failed;      // syntax error: all parsing stops
    bool ended;       // fd has no more
    int line;
    enum token token;
    char *word;    // of a WORD, with its quotes
    int io_number; // before a redirection, or -1
    size_t position, length;
    char buffer[512];
};

struct word {
    char *text; // unexpanded
    struct word *next;
};

struct redirect {
    enum token kind; // LESS GREAT APPEND DUPLICATE
    int fd;
    char *target; // unexpanded
    struct redirect *next;
};

struct node {
    enum { COMMAND, PIPE, AND, OR, SEQUENCE, BACKGROUND, NOT, IF, WHILE, UNTIL, FOR, GROUP, SUBSHELL } kind;
    struct node *left, *right, *otherwise; // condition and body of IF, WHILE; otherwise: else
    struct word *words, *assignments;
    struct redirect *redirects;
    char *name; // variable of FOR
};

// lex.c
void next_token(struct source *);
void syntax_error(struct source *, const char *near);
void discard_line(struct source *);

// parse.c: one complete command (usually a line). NULL for an empty line, at the end, and if ->failed.
struct node *parse(struct source *);

// expand.c
char **expand_words(struct word *, int *count);
char *expand_single(const char *word);                   // no splitting, no file names
extern bool expansion_failed;                            // since the command began; it shall not run
void expansion_error(const char *why, const char *text); // ends a shell that is not interactive
bool is_name(const char *from, const char *to);
const char *arithmetic(const char *expression); // arith.c

// run.c
extern int last_status, loops, leaving; // leaving: LEAVE_*, while loops are unwound
enum { LEAVE_BREAK = 1, LEAVE_CONTINUE };
void leave_loops(int why, int count);
extern bool exit_on_error, trace, interactive;
extern int background_pid;
int run(struct node *, bool in_child); // in_child: this process has nothing to do after it
int run_source(struct source *);
int run_file(const char *path);
char *capture(const char *command); // $(command)

// job.c
int start_child(int *group, bool background); // fork; *group 0: a new one. NULL: stays in the shell's
int wait_foreground(int pid);                 // => the exit status, 128 + signal for the killed
int wait_for(int pid);       // => as wait(2) gives it, exit 127 if it is no child; -1: for all
int exit_status(int status); // of wait_for
void take_terminal_back(void);

// builtin.c
typedef int builtin(int argc, char **argv);
builtin *find_builtin(const char *name);
int test_command(int argc, char **argv); // test.c, also /bin/test

// var.c
extern char **parameters; // $1 ...
extern int parameter_count;
extern char *shell_name; // $0
const char *get_variable(const char *name, size_t length);
void set_variable(const char *name, size_t length, const char *value);
void unset_variable(const char *name);
void export_variable(const char *name, size_t length);
void import_environment(void);
void print_variables(void);
char **exported_environment(void);
void *allocate(size_t bytes); // from the arena: lives until its mark is released
char *save_text(const char *text, size_t length);
size_t arena_mark(void);
void arena_release(size_t mark);

struct text { // a string that grows in the arena
    char *at;
    size_t length, capacity;
};
void add_char(struct text *, char c);
void add_text(struct text *, const char *text, size_t length);
