// SPDX-License-Identifier: MIT
// The compiler's own; gcc keeps it under this name, for where the C library has none.
#pragma once
#ifdef __clang__
#include_next <stdint.h>
#else
#include <stdint-gcc.h>
#endif
