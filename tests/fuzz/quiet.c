// SPDX-License-Identifier: MIT
//
// For fuzzers with nothing else to begin with: what the kernel would log about each bad input is not printed.

#include "lib/log.h"

#include <stddef.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    log_set_sink(NULL);
    return 0;
}
