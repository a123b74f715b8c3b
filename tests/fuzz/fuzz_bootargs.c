// SPDX-License-Identifier: MIT
//
// Boot arguments: a line, a name to look for and a value's length from the input. The line lies in the
// kernel's own array as machine_read() leaves it; the value in memory exactly as large as was said. Compared
// with a second, slower reading of the rule: words between blanks, a name alone or before '='.

#include "arch/machine.h"
#include "tests/host/check.h"
#include "tests/host/machine_world.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

// What the first word called `name` says. NULL: there is none
static const char *expected(const char *name)
{
    static char words[sizeof(machine.boot_arguments)];
    strcpy(words, machine.boot_arguments);
    for (char *rest = words, *word; (word = strsep(&rest, " "));) {
        char *value = strchr(word, '=');
        size_t length = strlen(name);
        if (!strchr(name, '=') && value)
            length = (size_t)(value - word);
        if (!value && *word && strcmp(word, name) == 0)
            return word + strlen(word);
        if (value && length == strlen(name) && memcmp(word, name, length) == 0)
            return value + 1;
    }
    return NULL;
}

static bool is_number(const char *text, uint64_t *number)
{
    *number = 0;
    bool ok = *text;
    for (; *text; text++)
        ok = ok && *text >= '0' && *text <= '9' && !__builtin_mul_overflow(*number, 10, number) &&
             !__builtin_add_overflow(*number, (uint64_t)(*text - '0'), number);
    return ok;
}

static void find(const char *name, size_t value_bytes)
{
    char *value = malloc(value_bytes);
    uint64_t number, otherwise = 12345;
    const char *wanted = expected(name);
    CHECK(boot_argument(name, value, value_bytes) == (wanted != NULL));
    CHECK(!wanted || (strlen(value) < value_bytes && strncmp(value, wanted, value_bytes - 1) == 0));
    free(value);
    CHECK(boot_argument_u64(name, otherwise) == (wanted && is_number(wanted, &number) ? number : otherwise));
}

// The length of the value, a name up to a newline, the line.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char name[64];
    const uint8_t *end = bytes > 1 ? memchr(data + 1, '\n', bytes - 1) : NULL;
    size_t length = end ? (size_t)(end - data - 1) : 0;
    if (!end || length == 0 || length >= sizeof(name) || memchr(data + 1, '=', length) ||
        memchr(data + 1, ' ', length) || memchr(data + 1, 0, length))
        return 0; // names are the kernel's own
    memcpy(name, data + 1, length);
    name[length] = '\0';
    size_t line = bytes - length - 2, most = sizeof(machine.boot_arguments) - 1;
    line = line < most ? line : most;
    memcpy(machine.boot_arguments, end + 1, line);
    machine.boot_arguments[line] = '\0';
    find(name, 1 + data[0]);
    return 0;
}
