// SPDX-License-Identifier: MIT
//
// Building a new program's argc, argv, envp and auxiliary vector (System V ABI; getauxval(3)). Called by
// exec. The strings pass through kernel memory because the old space and the new one are never active
// together.
//
//   top   AT_RANDOM bytes, path, strings ...      (bytes)
//         auxiliary vector, NULL                  (words)
//         envp[], NULL
//         argv[], NULL
//   sp -> argc                                    16-byte aligned

#include "proc/arguments.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/elf.h"
#include "proc/process.h"
#include "uapi/auxv.h"
#include "uapi/elf.h"
#include "uapi/errno.h"

#define AUXILIARY_WORDS_MOST 40
#define RANDOM_BYTES         16

void arguments_release(struct arguments *arguments)
{
    kfree(arguments->strings);
}

// Room for `bytes` more. => returns 0, -E2BIG, -ENOMEM
static int make_room(struct arguments *arguments, size_t bytes)
{
    size_t needed = arguments->bytes + bytes, capacity = arguments->capacity ? arguments->capacity : 512;
    if (needed > ARG_MAX)
        return -E2BIG;
    while (capacity < needed)
        capacity *= 2;
    if (capacity == arguments->capacity)
        return 0;
    char *strings = kmalloc(capacity);
    if (!strings)
        return -ENOMEM;
    if (arguments->strings)
        memcpy(strings, arguments->strings, arguments->bytes);
    kfree(arguments->strings);
    arguments->strings = strings;
    arguments->capacity = capacity;
    return 0;
}

static int insert(struct arguments *arguments, size_t at, const char *string)
{
    size_t bytes = strlen(string) + 1;
    int error = make_room(arguments, bytes);
    if (error)
        return error;
    memmove(arguments->strings + at + bytes, arguments->strings + at, arguments->bytes - at);
    memcpy(arguments->strings + at, string, bytes);
    arguments->bytes += bytes;
    return 0;
}

int arguments_add(struct arguments *arguments, const char *string, unsigned *count)
{
    int error = insert(arguments, arguments->bytes, string);
    *count += !error;
    return error;
}

// One string of unknown length: the buffer grows until it fits.
static int add_user_string(struct arguments *arguments, user_ptr_t string)
{
    for (size_t room = 64;; room *= 2) {
        int error = make_room(arguments, room);
        if (error)
            return error;
        size_t space = arguments->capacity - arguments->bytes;
        int64_t length = copy_string_from_user(arguments->strings + arguments->bytes, string, space);
        if (length >= 0) {
            arguments->bytes += (size_t)length + 1;
            return 0;
        }
        if (length != -ENAMETOOLONG)
            return (int)length;
        room = space;
    }
}

int arguments_add_user(struct arguments *arguments, user_ptr_t vector, unsigned *count)
{
    if (!vector.address) // Linux takes a NULL vector as an empty one
        return 0;
    for (;;) {
        uint64_t string;
        if (copy_from_user(&string, vector, sizeof string))
            return -EFAULT;
        if (!string)
            return 0;
        int error = add_user_string(arguments, user_ptr(string));
        if (error)
            return error;
        ++*count;
        vector = user_offset(vector, sizeof string);
    }
}

int arguments_prepend_script(struct arguments *arguments, const char *interpreter, const char *argument,
                             const char *script)
{
    if (arguments->argc) { // argv[0] goes
        size_t bytes = strlen(arguments->strings) + 1;
        memmove(arguments->strings, arguments->strings + bytes, arguments->bytes - bytes);
        arguments->bytes -= bytes;
        arguments->argc--;
    }
    const char *const front[] = {script, argument, interpreter};
    for (unsigned i = 0; i < 3; i++) {
        if (!front[i])
            continue;
        int error = insert(arguments, 0, front[i]);
        if (error)
            return error;
        arguments->argc++;
    }
    return 0;
}

size_t arguments_stack_bytes(const struct arguments *arguments)
{
    return arguments->bytes + 4096 + RANDOM_BYTES + 32 + // path
           8 * (arguments->argc + arguments->envc + 3 + AUXILIARY_WORDS_MOST);
}

static unsigned fill_auxiliary(uint64_t *words, const struct elf_program *program, vaddr_t path,
                               vaddr_t random)
{
    const uint64_t vector[] = {
        AT_PHDR,   program->headers,
        AT_PHENT,  sizeof(Elf64_Phdr),
        AT_PHNUM,  program->headers ? program->header_count : 0,
        AT_PAGESZ, PAGE_SIZE,
        AT_BASE,   0,
        AT_FLAGS,  0,
        AT_ENTRY,  program->entry,
        AT_UID,    0,
        AT_EUID,   0,
        AT_GID,    0,
        AT_EGID,   0,
        AT_SECURE, 0,
        AT_CLKTCK, 100,
        AT_HWCAP,  HWCAP_EXTENSION('I') | HWCAP_EXTENSION('M') | HWCAP_EXTENSION('A') | HWCAP_EXTENSION('F') |
                      HWCAP_EXTENSION('D') | HWCAP_EXTENSION('C'),
        AT_RANDOM, random,
        AT_EXECFN, path,
        AT_NULL,   0,
    };
    _Static_assert(sizeof vector <= AUXILIARY_WORDS_MOST * sizeof(uint64_t), "the vector fits");
    memcpy(words, vector, sizeof vector);
    return sizeof vector / sizeof vector[0];
}

// The pointer words: argc, argv, NULL, envp, NULL, auxiliary vector.
static int push_words(const struct arguments *arguments, const uint64_t *auxiliary, unsigned auxiliary_words,
                      vaddr_t strings, vaddr_t sp)
{
    size_t count = 3 + arguments->argc + arguments->envc + auxiliary_words, at = 0;
    uint64_t *words = kmalloc(count * sizeof *words);
    if (!words)
        return -ENOMEM;
    words[at++] = arguments->argc;
    const char *string = arguments->strings;
    for (unsigned i = 0; i < arguments->argc + arguments->envc; i++) {
        if (i == arguments->argc)
            words[at++] = 0;
        words[at++] = strings + (uint64_t)(string - arguments->strings);
        string += strlen(string) + 1;
    }
    if (!arguments->envc)
        words[at++] = 0;
    words[at++] = 0;
    memcpy(&words[at], auxiliary, auxiliary_words * sizeof *auxiliary);
    int error = copy_to_user(user_ptr(sp), words, count * sizeof *words);
    kfree(words);
    return error;
}

int arguments_push(const struct arguments *arguments, const struct elf_program *program, const char *path,
                   vaddr_t top, vaddr_t *stack_pointer)
{
    char random[RANDOM_BYTES];
    system_random(random, sizeof random);
    vaddr_t random_at = top - sizeof random, path_at = random_at - (strlen(path) + 1);
    vaddr_t strings = path_at - arguments->bytes;
    uint64_t auxiliary[AUXILIARY_WORDS_MOST];
    unsigned words = fill_auxiliary(auxiliary, program, path_at, random_at);
    vaddr_t sp = strings - 8 * (3 + arguments->argc + arguments->envc + words);
    sp &= ~(vaddr_t)15;
    if (copy_to_user(user_ptr(random_at), random, sizeof random) ||
        copy_to_user(user_ptr(path_at), path, strlen(path) + 1) ||
        copy_to_user(user_ptr(strings), arguments->strings, arguments->bytes))
        return -EFAULT;
    *stack_pointer = sp;
    return push_words(arguments, auxiliary, words, strings, sp);
}
