// SPDX-License-Identifier: MIT
//
// What proc/exec.c finds around itself: one process, a file that is the fuzzer's, memory from malloc, which
// may run out, an old space that is the fuzzer's own memory, and a new one that is a list of what has been
// mapped.

#ifndef TESTS_FUZZ_EXEC_WORLD_H
#define TESTS_FUZZ_EXEC_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "proc/elf.h"

// The n-th allocation fails, 0: none. => the result of sys_execve
int64_t exec_world_run(const uint8_t *file, size_t bytes, const char *const *argv, const char *const *envp,
                       unsigned fail_at);
// After 0: what the program finds. `opens`: 1 when the file was no script.
struct exec_result {
    uint64_t entry, stack_pointer, stack_top;
    const uint8_t *stack; // memory up to stack_top
    unsigned opens;
};
extern struct exec_result exec_result;
void exec_world_end(void); // forgets the new space; nothing may be left

#endif
