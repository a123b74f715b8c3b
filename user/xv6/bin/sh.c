// SPDX-License-Identifier: MIT
// sh [FILE]: the shell in xv6's dialect. Pipes, < > >>, ; & and parentheses; cd by itself, the rest are
// programs of the current directory or /. There is no tree: the process that is to run a part of the line
// reads that part itself, and the one that started it has only looked for its end.
#include "kernel/types.h"
#include "kernel/fcntl.h"
#include "kernel/param.h"
#include "user/user.h"

static char line[256];
static char *at; // what is not yet read of the line

static void run_list(void);

static void stop(const char *what)
{
    fprintf(2, "sh: %s\n", what);
    exit(2);
}

static int must_fork(void)
{
    int pid = fork();
    if (pid < 0)
        stop("cannot fork");
    return pid;
}

static char next(void)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return *at;
}

// To one of the characters `ends` outside of parentheses, or to the end of what we are in.
static char skip_to(const char *ends)
{
    int depth = 0;
    for (; *at; at++) {
        if (!depth && (*at == ')' || strchr(ends, *at)))
            break;
        depth += (*at == '(') - (*at == ')');
    }
    return *at;
}

static void skip_word(void)
{
    while (*at && !strchr(" \t<>|;&()", *at))
        at++;
}

// Opens the file of "< NAME", "> NAME" or ">> NAME" in the place of input or output.
static void redirect(void)
{
    char kind = *at++, end;
    int append = kind == '>' && *at == '>';
    at += append;
    next();
    char *name = at;
    skip_word();
    end = *at;
    *at = 0;
    close(kind == '>');
    int fd = open(name, kind == '<' ? O_RDONLY : O_WRONLY | O_CREATE | (append ? 0 : O_TRUNC));
    if (fd != (kind == '>'))
        stop("cannot open");
    char skipped[32]; // xv6 has no seek
    if (append) {
        int reader = open(name, O_RDONLY), bytes;
        while ((bytes = read(reader, skipped, sizeof skipped)) > 0)
            write(fd, skipped, bytes);
        close(reader);
    }
    *at = end;
}

// Does not return: becomes the command, or runs the list in parentheses.
static void run_command(void)
{
    static char *words[MAXARG], *tails[MAXARG];
    int count = 0;
    char *inner = 0, c;
    while ((c = next()) && !strchr("|;&)", c)) {
        if (c == '<' || c == '>') {
            redirect();
        } else if (c == '(') {
            inner = ++at;
            if (skip_to("") != ')')
                stop("a ) is missing");
            at++;
        } else {
            if (count == MAXARG - 1)
                stop("too many words");
            words[count] = at;
            skip_word();
            tails[count++] = at;
        }
    }
    if (inner) {
        at = inner;
        run_list();
        exit(0);
    }
    if (!count)
        exit(0);
    for (int i = 0; i < count; i++)
        *tails[i] = 0;
    exec(words[0], words);
    static char path[MAXPATH] = "/";
    if (strlen(words[0]) < MAXPATH - 1) {
        strcpy(path + 1, words[0]);
        exec(path, words);
    }
    stop(words[0]);
}

// Our descriptor `fd`, 0 or 1, is from now on that end of the pipe.
static void become_end(int fd, int *ends)
{
    close(fd);
    dup(ends[fd]);
    close(ends[0]);
    close(ends[1]);
}

// Does not return. Each command but the last gets a process before us, which writes what we read.
static void run_pipeline(void)
{
    int ends[2], status;
    char *start = at;
    if (skip_to("|;&") != '|') {
        at = start;
        run_command();
    }
    if (pipe(ends) < 0)
        stop("cannot make a pipe");
    char *behind = at + 1;
    int right = 0, left = must_fork();
    if (!left) {
        become_end(1, ends);
        at = start;
        run_command();
    }
    if (!(right = must_fork())) {
        become_end(0, ends);
        at = behind;
        run_pipeline();
    }
    close(ends[0]);
    close(ends[1]);
    int result = 1, ended;
    while ((ended = wait(&status)) > 0)
        result = ended == right ? status : result;
    exit(result);
}

// Pipelines one after another, up to the end of the line or of the parentheses.
static void run_list(void)
{
    while (next() && *at != ')') {
        char *start = at, kind = skip_to(";&"), *rest = at + (kind == ';' || kind == '&');
        int pid = must_fork(), ended;
        if (pid == 0) {
            at = start;
            run_pipeline();
        }
        while (kind != '&' && (ended = wait(0)) != pid && ended > 0)
            ;
        at = rest;
    }
}

static void change_directory(void)
{
    uint length = strlen(line);
    while (length && (line[length - 1] == ' ' || line[length - 1] == ';'))
        line[--length] = 0;
    if (chdir(line + 3) < 0)
        fprintf(2, "sh: cannot cd to %s\n", line + 3);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        close(0);
        if (open(argv[1], O_RDONLY) != 0)
            stop("cannot open the file of commands");
    }
    for (;;) {
        if (argc < 2)
            fprintf(2, "$ ");
        uint length = strlen(gets(line, sizeof line));
        if (!length)
            exit(0);
        if (line[length - 1] == '\n')
            line[length - 1] = 0;
        at = line;
        if (line[0] == 'c' && line[1] == 'd' && line[2] == ' ')
            change_directory();
        else if (must_fork() == 0) {
            run_list();
            if (*at == ')')
                stop("a ( is missing");
            exit(0);
        } else
            wait(0);
    }
}
