// SPDX-License-Identifier: MIT
// What the files of the library share. All names here begin with kine_, or are known to nobody else: the
// program has the rest. And what it defines itself, it gets: the library's functions are weak (tools/xv6-cc).
#pragma once

#include "kernel/param.h"
#include "kernel/types.h"
#include "uapi/syscall.h"

#define ARGUMENT_BYTES_MOST (USERSTACK * 4096 - 1024) // the rest of the stack is for the program
#define AT_CWD              (-100L)                   // as Linux' *at() calls know the current directory

// A system call of Kine: the result, or an error number negated (lib/uapi/errno.h).
static inline long kernel(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return a0;
}
#define FIRST_OF(first, ...)            first
#define SEVEN(n, a, b, c, d, e, f, ...) (n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)
#define KERNEL(...)                     kernel(SEVEN(__VA_ARGS__, 0, 0, 0, 0, 0, 0))

// xv6 knows one error.
static inline int result_of(long result)
{
    return result < 0 ? -1 : (int)result;
}

// Bytes of a text, without its end, but at most `most`; -1: it cannot be read. As a system call would look at
// it: what the program gives may be any address.
long kine_text_bytes(const char *text, long most);
int kine_may_read(const void *address, long bytes);
int kine_may_write(void *address, long bytes); // and it has been written
// The path with each name cut to DIRSIZ; -1: it cannot be read, or is too long
int kine_path(const char *path, char cut[MAXPATH]);
