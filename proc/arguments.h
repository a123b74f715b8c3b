// SPDX-License-Identifier: MIT
//
// argv and envp on their way from the old program to the new one: strings packed in one kernel buffer, then
// laid out on the new stack as the System V ABI for RISC-V says.

#ifndef PROC_ARGUMENTS_H
#define PROC_ARGUMENTS_H

#include "arch/types.h"
#include "lib/uaccess.h"
#include "uapi/limits.h"


struct elf_program;

// argv's strings, then envp's, each with its terminator.
struct arguments {
    char *strings; // kmalloc
    size_t bytes, capacity;
    unsigned argc, envc;
};

void arguments_release(struct arguments *arguments);
// Append; -E2BIG, -ENOMEM, -EFAULT.
[[nodiscard]] int arguments_add(struct arguments *arguments, const char *string, bool environment);
[[nodiscard]] int arguments_add_user(struct arguments *arguments, user_ptr_t vector, bool environment);
// A script: the interpreter (and its one argument, or NULL) and the script's path take the place of argv[0].
[[nodiscard]] int arguments_prepend_script(struct arguments *arguments, const char *interpreter,
                                           const char *argument, const char *script);

// Strings, auxiliary vector and pointers below `top` in the current page table.
// => returns 0 and the initial stack pointer, or -EFAULT, -ENOMEM
[[nodiscard]] int arguments_push(const struct arguments *arguments, const struct elf_program *program,
                                 const char *path, vaddr_t top, vaddr_t *stack_pointer);
size_t arguments_stack_bytes(const struct arguments *arguments); // no more than this is pushed

#endif
