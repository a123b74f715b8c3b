// SPDX-License-Identifier: MIT
#pragma once
#include <stdio.h>

// "program: what: why" on stderr, as BSD has it. The x forms leave the why (strerror) out.
const char *getprogname(void);
_Noreturn void err(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void errx(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void warnx(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Not of BSD. What a program ends with: its status, or trouble if not all that it printed could be written.
int finish(int status, int trouble);
// Did reading end early? Then it says so, with the name.
int failed_to_read(FILE *in, const char *name);
