// SPDX-License-Identifier: MIT
//
// lib/ubsan.c instead of the compiler's own runtime (lib.cmake links without it): each kind of undefined
// behaviour that clang can find in C panics with its name and this file's name and line.

#include "tests/host/check.h"
#include "tests/host/fake_sched.h"

#include <limits.h>
#include <string.h>

static volatile int zero, one = 1, many = 40, most = INT_MAX, least = INT_MIN, sink;
static int array[4];
static char *volatile nowhere;
static volatile size_t huge = SIZE_MAX - 63;

#define UNDEFINED(kind, statement)                                                                     \
    do {                                                                                               \
        char expected[200];                                                                            \
        snprintf(expected, sizeof(expected), "undefined behaviour: %s at %s:%d:", kind, __FILE__, __LINE__); \
        CHECK(PANICS(statement, expected));                                                            \
    } while (0)

static void arithmetic(void)
{
    UNDEFINED("signed addition overflows", sink = most + one);
    UNDEFINED("signed subtraction overflows", sink = least - one);
    UNDEFINED("signed multiplication overflows", sink = most * many);
    UNDEFINED("negation overflows", sink = -least);
    UNDEFINED("division by zero, or overflow", sink = one / zero);
    UNDEFINED("division by zero, or overflow", sink = least / -one);
    UNDEFINED("shift out of bounds", sink = one << many);
    UNDEFINED("shift out of bounds", sink = least << one);
    UNDEFINED("zero given to a count-zeros builtin", sink = __builtin_ctz((unsigned)zero));
    sink = most + zero - one; // and what is defined passes
}

static void pointers(void)
{
    UNDEFINED("array index out of bounds", sink = array[many]);
    UNDEFINED("null pointer used", sink = *(int *)nowhere);
    UNDEFINED("misaligned pointer used", sink = *(int *)((char *)array + one));
    UNDEFINED("object too small for its use", sink = *(int *)((char *)array + 16));
    UNDEFINED("pointer arithmetic overflows", nowhere = (char *)array + huge);
    UNDEFINED("array of no or negative length", ({ char some[zero]; nowhere = some; }));
}

static char *__attribute__((returns_nonnull)) null_returned(void)
{
    return nowhere;
}

static void __attribute__((nonnull)) take(char *pointer)
{
    sink = pointer == (char *)&sink;
}

static void promises(void)
{
    bool flag;
    memset(&flag, 7, sizeof(flag));
    nowhere = NULL;
    UNDEFINED("invalid value for its type", sink = flag);
    UNDEFINED("unreachable code reached", if (one) __builtin_unreachable());
    UNDEFINED("null argument where none may be", take(nowhere));
    char *odd = (char *)array + one;
    UNDEFINED("pointer less aligned than promised", nowhere = __builtin_assume_aligned(odd, 4));
    nowhere = NULL;
    CHECK(PANICS(null_returned(), "undefined behaviour: null returned where none may be at "));
}

int main(void)
{
    TEST(arithmetic);
    TEST(pointers);
    TEST(promises);
}
