// SPDX-License-Identifier: MIT
//
// ASSERT: in debug builds a false condition is a panic naming the place; in release builds it costs
// nothing. Never for conditions that input from outside can make false: those are errors.
#pragma once

#include "lib/log.h"

#ifndef KINE_DEBUG
#define KINE_DEBUG 0 // so that `if (KINE_DEBUG)` may be written
#endif

#if KINE_DEBUG
#define ASSERT(condition)                                                                \
    do {                                                                                 \
        if (!(condition))                                                                \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);        \
    } while (0)
#else
#define ASSERT(condition) ((void)sizeof(!(condition)))
#endif
