// SPDX-License-Identifier: MIT
//
// What every host test includes: CHECK stops the program with the place and the condition, TEST runs one
// function and prints a KTAP line. A test program is a main() that calls TEST for each of its functions.

#ifndef TESTS_HOST_CHECK_H
#define TESTS_HOST_CHECK_H

// The ABI headers (uapi/) have these types and constants themselves.
#define _STRUCT_TIMESPEC 1
#define __timeval_defined 1
#include <stdio.h>
#include <stdlib.h>
#undef SEEK_SET
#undef SEEK_CUR
#undef SEEK_END

#define CHECK(condition)                                                                  \
    do {                                                                                  \
        if (!(condition)) {                                                               \
            printf("not ok - %s:%d: %s: %s\n", __FILE__, __LINE__, __func__, #condition); \
            fflush(stdout);                                                               \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

#define TEST(function)                   \
    do {                                 \
        function();                      \
        printf("ok - %s\n", #function);  \
    } while (0)

#endif
