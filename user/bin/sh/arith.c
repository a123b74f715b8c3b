// SPDX-License-Identifier: MIT
// $((...)): precedence climbing over C's binary operators; names stand for their variables.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sh.h"

static long evaluate(const char **at, int lowest, bool *bad);

static long evaluate_operand(const char **at, bool *bad)
{
    char *end, op;
    *at += strspn(*at, " \t\n");
    op = **at;
    if (op && strchr("-+!~", op)) {
        (*at)++;
        long value = evaluate_operand(at, bad);
        return op == '-' ? (long)-(unsigned long)value : op == '!' ? !value : op == '~' ? ~value : value;
    }
    if (op == '(') {
        (*at)++;
        long value = evaluate(at, 0, bad);
        *bad |= **at != ')';
        *at += **at == ')';
        return value;
    }
    if (isdigit(op)) {
        long value = strtol(*at, &end, 0);
        *at = end;
        return value;
    }
    const char *name = *at;
    while (isalnum(**at) || **at == '_')
        (*at)++;
    *bad |= *at == name;
    const char *value = get_variable(name, *at - name);
    return value ? strtol(value, NULL, 0) : 0;
}

static long apply(int op, long a, long b, bool *bad)
{
    switch (op) {
    case 0:
        return a || b;
    case 1:
        return a && b;
    case 2:
        return a == b;
    case 3:
        return a != b;
    case 4:
        return a <= b;
    case 5:
        return a >= b;
    case 6:
        return a < b;
    case 7:
        return a > b;
    case 8:
        return (unsigned long)a + b;
    case 9:
        return (unsigned long)a - b;
    case 10:
        return (unsigned long)a * b;
    }
    *bad |= b == 0;
    if (b == 0 || b == -1)
        return b == 0 || op == 12 ? 0 : -(unsigned long)a;
    return op == 11 ? a / b : a % b;
}

static long evaluate(const char **at, int lowest, bool *bad)
{
    static const struct {
        char text[3];
        int level;
    } operators[] = {{"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<=", 4}, {">=", 4}, {"<", 4},
                     {">", 4},  {"+", 5},  {"-", 5},  {"*", 6},  {"/", 6},  {"%", 6}};
    long value = evaluate_operand(at, bad);
    for (;;) {
        int op = 0, count = sizeof operators / sizeof *operators;
        *at += strspn(*at, " \t\n");
        while (op < count && strncmp(*at, operators[op].text, strlen(operators[op].text)) != 0)
            op++;
        if (op == count || operators[op].level <= lowest || *bad)
            return value;
        *at += strlen(operators[op].text);
        value = apply(op, value, evaluate(at, operators[op].level, bad), bad);
    }
}

const char *arithmetic(const char *text)
{
    char result[24];
    bool bad = false;
    const char *at = expand_single(text);
    long value = evaluate(&at, 0, &bad);
    if (bad || *at)
        expansion_error("arithmetic", text);
    snprintf(result, sizeof result, "%ld", value);
    return save_text(result, strlen(result));
}
