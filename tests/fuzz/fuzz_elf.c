// SPDX-License-Identifier: MIT
//
// An arbitrary file as a program: elf_parse() on exactly its bytes, then all of exec with arguments from the
// input, memory that may run out, and a look at the stack that the program would find.
//
// The input: bytes of argument text, which allocation fails (0: none), how often the text is repeated; the
// text, a word up to each zero byte, the environment behind an empty word; the file.

#include "tests/fuzz/exec_world.h"
#include "arch/pagetable.h"
#include "tests/host/check.h"
#include "uapi/errno.h"

#include <string.h>

#define WORDS_MOST 140000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char *argv[WORDS_MOST + 1], *envp[WORDS_MOST + 1];
static unsigned argc, envc;

// Many copies of the words: pointers may be equal.
static void split(char *text, size_t length, unsigned copies)
{
    argc = envc = 0;
    for (; copies > 0; copies--) {
        unsigned *count = &argc;
        for (char *word = text; word < text + length; word += strlen(word) + 1)
            if (!*word && count == &argc)
                count = &envc;
            else if (*count < WORDS_MOST)
                (count == &argc ? argv : envp)[(*count)++] = word;
    }
    argv[argc] = envp[envc] = NULL;
}

static void check_segments(const struct elf_program *program)
{
    vaddr_t free = USER_START;
    CHECK(program->segment_count > 0 && program->segment_count <= ELF_SEGMENTS_MOST);
    for (unsigned i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        CHECK(page_round_down(segment->address) >= free && segment->file_bytes <= segment->memory_bytes);
        CHECK(segment->memory_bytes && segment->memory_bytes <= USER_END - segment->address);
        CHECK(segment->file_offset <= INT64_MAX - segment->file_bytes &&
              segment->prot <= (PT_R | PT_W | PT_X));
        CHECK((segment->address - segment->file_offset) % PAGE_SIZE == 0);
        free = page_round_up(segment->address + segment->memory_bytes);
    }
    CHECK(program->entry < USER_END && program->end <= USER_END && program->headers < USER_END);
}

static void parse(const uint8_t *file, size_t bytes)
{
    struct elf_program program;
    int error = elf_parse(file, bytes, &program);
    CHECK(error == 0 || error == -ENOEXEC);
    if (!error)
        check_segments(&program);
}

static const void *at(uint64_t address)
{
    CHECK(address >= exec_result.stack_pointer && address < exec_result.stack_top);
    return exec_result.stack - (exec_result.stack_top - address);
}

// argc, argv, envp as given; in front of argv[1] a script has what it likes.
static void check_stack(void)
{
    uint64_t sp = exec_result.stack_pointer;
    const uint64_t *words = at(sp);
    uint64_t count = words[0], skip = exec_result.opens > 1 ? 1 : 0, given = argc ? argc : 1;
    CHECK(sp % 16 == 0 && count >= given && (skip || count == given));
    for (uint64_t i = skip; i < argc; i++)
        CHECK(strcmp(at(words[1 + count - argc + i]), argv[i]) == 0);
    CHECK(words[1 + count] == 0);
    for (uint64_t i = 0; i < envc; i++)
        CHECK(strcmp(at(words[2 + count + i]), envp[i]) == 0);
    CHECK(words[2 + count + envc] == 0);
}

static void run(const uint8_t *file, size_t bytes, unsigned fail_at)
{
    int64_t result = exec_world_run(file, bytes, argv, envp, fail_at);
    CHECK(result == 0 || result == -ENOEXEC || result == -ENOMEM || result == -ENOENT || result == -ELOOP ||
          result == -E2BIG || result == -EFAULT || result == -EINVAL);
    CHECK(result != -ENOMEM || fail_at || argc + envc > 1000);
    if (result == 0)
        check_stack();
    exec_world_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 3 || bytes - 3 < data[0])
        return 0;
    size_t text_bytes = data[0], file_bytes = bytes - 3 - text_bytes;
    char *text = malloc(text_bytes + 1);
    uint8_t *file = malloc(file_bytes ? file_bytes : 1);
    memcpy(text, data + 3, text_bytes);
    text[text_bytes] = '\0';
    memcpy(file, data + 3 + text_bytes, file_bytes);
    parse(file, file_bytes);
    split(text, text_bytes, data[2] < 245 ? 1 : 1u << (data[2] - 245));
    run(file, file_bytes, data[1] % 16);
    free(text);
    free(file);
    return 0;
}
