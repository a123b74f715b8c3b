// SPDX-License-Identifier: MIT
// From the tree to processes. An external command is fork and exec; a pipeline is one child per stage, each
// with its end of two pipes; a builtin and every if, while, for runs in the shell itself, its redirections
// undone after.
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sh.h"

int last_status, leaving, background_pid;
int loops;         // how many are being run, one in the other
static int levels; // of them that leaving means
bool exit_on_error, trace;
static int conditions;    // depth of conditions, where a failure does not end a set -e shell
static int captured = -1; // status of the last $(command) of the current command

// ---- redirections ----

struct saved {
    int fd, copy; // copy -1: fd was not open
    struct saved *next;
};

static bool redirect_one(struct redirect *r)
{
    static const int flags[] = {
        [LESS] = O_RDONLY, [GREAT] = O_WRONLY | O_CREAT | O_TRUNC, [APPEND] = O_WRONLY | O_CREAT | O_APPEND};
    char *target = expand_single(r->target);
    if (r->kind == DUPLICATE && strcmp(target, "-") == 0)
        return close(r->fd), true;
    if (expansion_failed)
        return false;
    errno = EBADF;
    bool number = *target && target[strspn(target, "0123456789")] == '\0';
    int fd = r->kind != DUPLICATE ? open(target, flags[r->kind], 0666) : number ? atoi(target) : -1;
    if (fd < 0 || dup2(fd, r->fd) < 0) {
        warn("%s", target);
        return false;
    }
    if (fd != r->fd && r->kind != DUPLICATE)
        close(fd);
    return true;
}

static bool redirect(struct redirect *r, struct saved **saved)
{
    for (; r; r = r->next) {
        if (saved) {
            struct saved *new = allocate(sizeof *new);
            *new = (struct saved){r->fd, fcntl(r->fd, F_DUPFD_CLOEXEC, 10), *saved};
            *saved = new;
        }
        if (!redirect_one(r))
            return false;
    }
    return true;
}

static void restore(struct saved *saved)
{
    fflush(stdout);
    for (; saved; saved = saved->next)
        if (saved->copy < 0) {
            close(saved->fd);
        } else {
            dup2(saved->copy, saved->fd);
            close(saved->copy);
        }
}

// ---- simple commands ----

static void assign(struct word *list, bool exported)
{
    for (; list; list = list->next) {
        size_t length = strcspn(list->text, "=");
        set_variable(list->text, length, expand_single(list->text + length + 1));
        if (exported)
            export_variable(list->text, length);
    }
}

static _Noreturn void execute(char **argv)
{
    environ = exported_environment();
    execvp(argv[0], argv);
    bool missing = errno == ENOENT;
    fprintf(stderr, "sh: %s: %s\n", argv[0], missing ? "not found" : strerror(errno));
    exit(missing ? 127 : 126);
}

// Gives each variable its value (NULL: none) and keeps the former one in values: done twice, nothing has
// changed.
static void exchange(struct word *assignments, const char **values)
{
    for (; assignments; assignments = assignments->next, values++) {
        const char *name = assignments->text, *old = get_variable(name, strcspn(name, "="));
        old = old ? save_text(old, strlen(old)) : NULL;
        if (*values)
            set_variable(name, strcspn(name, "="), *values);
        else
            unset_variable(save_text(name, strcspn(name, "=")));
        *values = old;
    }
}

// VAR=value before a builtin holds during that builtin only.
static int run_builtin(builtin *function, int argc, char **argv, struct node *node)
{
    struct saved *saved = NULL;
    int status = 1, count = 0;
    for (struct word *at = node->assignments; at; at = at->next)
        count++;
    const char **values = allocate((count + 1) * sizeof *values);
    count = 0;
    for (struct word *at = node->assignments; at; at = at->next)
        values[count++] = expand_single(strchr(at->text, '=') + 1);
    if (expansion_failed)
        return 2;
    exchange(node->assignments, values);
    if (redirect(node->redirects, &saved))
        status = function(argc, argv);
    fflush(stdout);
    if (ferror(stdout)) {
        warnx("%s: %s", argv[0], strerror(stdout->error));
        clearerr(stdout);
        status = 1;
    }
    restore(saved);
    exchange(node->assignments, values);
    return status;
}

static int run_simple(struct node *node, bool in_child)
{
    int argc;
    captured = -1;
    expansion_failed = false;
    char **argv = expand_words(node->words, &argc);
    if (expansion_failed)
        return 2;
    if (trace)
        for (int i = 0; i <= argc; i++)
            fprintf(stderr, i == argc ? "\n" : i ? " %s" : "+ %s", argv ? argv[i] : "");
    if (argc == 0) {
        struct saved *saved = NULL;
        bool opened = redirect(node->redirects, &saved);
        restore(saved);
        assign(node->assignments, false);
        return expansion_failed ? 2 : !opened ? 1 : captured >= 0 ? captured : 0;
    }
    if (strcmp(argv[0], "exec") == 0) {
        if (!redirect(node->redirects, NULL))
            return 1;
        assign(node->assignments, argc > 1);
        if (argc > 1)
            execute(argv + 1);
        return 0;
    }
    builtin *function = find_builtin(argv[0]);
    if (function)
        return run_builtin(function, argc, argv, node);
    pid_t group = 0, pid = in_child ? 0 : start_child(&group, false);
    if (pid != 0)
        return pid < 0 ? 1 : wait_foreground(pid);
    if (!redirect(node->redirects, NULL))
        exit(1);
    assign(node->assignments, true);
    execute(argv);
}

// ---- compound commands ----

static int run_pipeline(struct node *node)
{
    pid_t group = 0, pid;
    int in = -1, ends[2] = {-1, -1}, stages = 1, started = 0, status = 1;
    for (struct node *at = node; at->kind == PIPE; at = at->right)
        stages++;
    pid_t *pids = allocate(stages * sizeof *pids);
    for (struct node *at = node; started < stages; at = at->right) {
        bool more = at->kind == PIPE;
        if (more && pipe2(ends, O_CLOEXEC) < 0) {
            warn("pipe");
            break;
        }
        if ((pid = start_child(&group, false)) == 0) {
            if (in >= 0)
                dup2(in, 0);
            if (more)
                dup2(ends[1], 1);
            close(in);
            close(more ? ends[0] : -1);
            close(more ? ends[1] : -1);
            exit(run(more ? at->left : at, true));
        }
        close(in);
        close(more ? ends[1] : -1);
        in = more ? ends[0] : -1;
        if (pid < 0)
            break;
        pids[started++] = pid;
    }
    close(in);
    for (int i = 0; i < started; i++)
        status = wait_foreground(pids[i]);
    return started == stages ? status : 1;
}

static int run_background(struct node *node)
{
    pid_t group = 0, pid = start_child(&group, true);
    if (pid == 0) {
        int null = group ? -1 : open("/dev/null", O_RDONLY);
        if (null >= 0 && !isatty(0))
            dup2(null, 0);
        close(null);
        exit(run(node, true));
    }
    background_pid = pid;
    if (interactive)
        fprintf(stderr, "[%d]\n", pid);
    return pid < 0;
}

static bool holds(struct node *condition)
{
    conditions++;
    int status = run(condition, false);
    conditions--;
    return status == 0;
}

void leave_loops(int why, int count)
{
    leaving = why;
    levels = count < loops ? count : loops;
}

// After each round of a loop: is there another one, or has break or continue ended this loop too?
static bool goes_on(void)
{
    int why = leaving;
    if (why && --levels > 0)
        return false;
    leaving = 0;
    return why != LEAVE_BREAK;
}

static int run_body(struct node *body)
{
    size_t mark = arena_mark();
    int status = run(body, false);
    arena_release(mark);
    return status;
}

static int run_while(struct node *node)
{
    int status = 0;
    loops++;
    do {
        bool another = holds(node->left) == (node->kind == WHILE);
        if (another && !leaving)
            status = run_body(node->right);
        else if (!leaving)
            break;
    } while (goes_on());
    loops--;
    return status;
}

static int run_for(struct node *node)
{
    int count, status = 0;
    expansion_failed = false;
    char **values = expand_words(node->words, &count);
    if (expansion_failed)
        return 2;
    loops++;
    for (int i = 0; i < count; i++) {
        set_variable(node->name, strlen(node->name), values[i]);
        status = run_body(node->right);
        if (!goes_on())
            break;
    }
    loops--;
    return status;
}

static int run_subshell(struct node *node)
{
    pid_t group = 0, pid = start_child(&group, false);
    if (pid == 0)
        exit(run(node->left, true));
    return pid < 0 ? 1 : wait_foreground(pid);
}

static int run_compound(struct node *node, bool in_child)
{
    int status = 0;
    switch (node->kind) {
    case PIPE:
        return run_pipeline(node);
    case AND:
        return holds(node->left) && !leaving ? run(node->right, in_child) : last_status;
    case OR:
        return !holds(node->left) && !leaving ? run(node->right, in_child) : last_status;
    case NOT:
        return !!holds(node->left);
    case SEQUENCE:
        status = run(node->left, false);
        return leaving ? status : run(node->right, in_child);
    case BACKGROUND:
        return run_background(node->left);
    case IF:
        if (holds(node->left))
            return run(node->right, in_child);
        return node->otherwise && !leaving ? run(node->otherwise, in_child) : 0;
    case WHILE:
    case UNTIL:
        return run_while(node);
    case FOR:
        return run_for(node);
    case SUBSHELL:
        return in_child ? run(node->left, true) : run_subshell(node);
    default:
        return run(node->left, in_child);
    }
}

int run(struct node *node, bool in_child)
{
    struct saved *saved = NULL;
    size_t mark = arena_mark();
    if (node->kind == COMMAND) {
        last_status = run_simple(node, in_child);
        fflush(stdout);
    } else if (redirect(node->redirects, &saved)) {
        last_status = run_compound(node, in_child && !saved);
        restore(saved);
    } else {
        restore(saved);
        last_status = 1;
    }
    bool fails_alone = node->kind == COMMAND || node->kind == PIPE || node->kind == SUBSHELL;
    if (exit_on_error && last_status != 0 && fails_alone && !conditions)
        exit(last_status);
    arena_release(mark);
    return last_status;
}

char *capture(const char *command)
{
    struct text output = {0};
    int ends[2], status = 1;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return warn("pipe"), "";
    pid_t pid = start_child(NULL, false);
    if (pid == 0) {
        struct source source = {.text = command, .line = 1};
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        exit(run_source(&source));
    }
    close(ends[1]);
    char part[256];
    for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;)
        add_text(&output, part, got);
    close(ends[0]);
    if (pid > 0)
        status = exit_status(wait_for(pid));
    captured = status;
    while (output.length && output.at[output.length - 1] == '\n')
        output.at[--output.length] = '\0';
    return output.at ? output.at : "";
}
