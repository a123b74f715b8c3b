// SPDX-License-Identifier: MIT
//
// Memory, string and user-copy functions are loops that nobody instruments; whoever calls one comes by here
// (--wrap), where all it touches is checked at once. Strings are read before their length is known: checked behind.

#include "tests/instruments/kasan.h"

#include "arch/uaccess.h"
#include "lib/string.h"

#define CALLER __builtin_return_address(0)
#define READ(memory, bytes)  kasan_check(memory, bytes, false, CALLER)
#define WRITE(memory, bytes) kasan_check(memory, bytes, true, CALLER)

// Declares what the linker makes of a wrapped function, and opens the definition of what is called instead.
#define WRAP(type, name, ...)         \
    type __real_##name(__VA_ARGS__);  \
    type __wrap_##name(__VA_ARGS__);  \
    type __wrap_##name(__VA_ARGS__)

WRAP(void *, memcpy, void *restrict destination, const void *restrict source, size_t bytes)
{
    READ(source, bytes);
    WRITE(destination, bytes);
    return __real_memcpy(destination, source, bytes);
}

WRAP(void *, memmove, void *destination, const void *source, size_t bytes)
{
    READ(source, bytes);
    WRITE(destination, bytes);
    return __real_memmove(destination, source, bytes);
}

WRAP(void *, memset, void *destination, int byte, size_t bytes)
{
    WRITE(destination, bytes);
    return __real_memset(destination, byte, bytes);
}

WRAP(int, memcmp, const void *a, const void *b, size_t bytes)
{
    READ(a, bytes);
    READ(b, bytes);
    return __real_memcmp(a, b, bytes);
}

WRAP(size_t, strnlen, const char *string, size_t most)
{
    size_t length = __real_strnlen(string, most);
    READ(string, length < most ? length + 1 : length);
    return length;
}

WRAP(size_t, strlen, const char *string)
{
    size_t length = __real_strlen(string);
    READ(string, length + 1);
    return length;
}

WRAP(int, strncmp, const char *a, const char *b, size_t most)
{
    size_t same = 0;
    while (same < most && a[same] == b[same] && a[same])
        same++;
    READ(a, same < most ? same + 1 : same);
    READ(b, same < most ? same + 1 : same);
    return __real_strncmp(a, b, most);
}

WRAP(int, strcmp, const char *a, const char *b)
{
    size_t same = 0;
    while (a[same] == b[same] && a[same])
        same++;
    READ(a, same + 1);
    READ(b, same + 1);
    return __real_strcmp(a, b);
}

WRAP(char *, strchr, const char *string, int character)
{
    char *found = __real_strchr(string, character);
    READ(string, (found ? (size_t)(found - string) : __real_strlen(string)) + 1);
    return found;
}

WRAP(size_t, strlcpy, char *destination, const char *source, size_t destination_bytes)
{
    size_t length = __real_strlen(source);
    READ(source, length + 1);
    WRITE(destination, length < destination_bytes ? length + 1 : destination_bytes);
    return __real_strlcpy(destination, source, destination_bytes);
}

// --- the kernel's side of user copies -----------------------------------------------------------------------

WRAP(size_t, arch_copy_from_user, void *destination, uint64_t source, size_t bytes)
{
    WRITE(destination, bytes);
    return __real_arch_copy_from_user(destination, source, bytes);
}

WRAP(size_t, arch_copy_to_user, uint64_t destination, const void *source, size_t bytes)
{
    READ(source, bytes);
    return __real_arch_copy_to_user(destination, source, bytes);
}

WRAP(int64_t, arch_strncpy_from_user, char *destination, uint64_t source, size_t most)
{
    WRITE(destination, most);
    return __real_arch_strncpy_from_user(destination, source, most);
}

WRAP(int, arch_load_user_word, uint64_t source, uint32_t *value)
{
    WRITE(value, sizeof(*value));
    return __real_arch_load_user_word(source, value);
}

WRAP(int, arch_exchange_user_word, uint64_t address, uint32_t *found, uint32_t value)
{
    WRITE(found, sizeof(*found));
    return __real_arch_exchange_user_word(address, found, value);
}
