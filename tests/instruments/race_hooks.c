// SPDX-License-Identifier: MIT
//
// What clang calls because of -fsanitize=thread (the names and the arguments are its own): a hook before each plain
// access, and in place of each atomic operation, which is carried out here. Always in the strongest order:
// this is about accesses that have none. Volatile is for device registers, which may not be read to see whether they
// change, and for what a device and a hart share: marked.

#include "tests/instruments/race.h"

#include "lib/string.h"

#define HERE ((uint64_t)__builtin_return_address(0))

#define PLAIN(name, bytes, kind)                                                                                \
    void __tsan_##name(const volatile void *address);                                                           \
    void __tsan_##name(const volatile void *address)                                                            \
    {                                                                                                           \
        race_access((uint64_t)address, bytes, kind, HERE);                                                      \
    }
#define PLAIN_SIZE(bytes)                                                                                       \
    PLAIN(read##bytes, bytes, 0)                                                                                \
    PLAIN(write##bytes, bytes, ACCESS_WRITE)                                                                    \
    PLAIN(unaligned_read##bytes, bytes, 0)                                                                      \
    PLAIN(unaligned_write##bytes, bytes, ACCESS_WRITE)                                                          \
    PLAIN(volatile_read##bytes, bytes, ACCESS_MARKED)                                                           \
    PLAIN(volatile_write##bytes, bytes, ACCESS_MARKED | ACCESS_WRITE)
PLAIN_SIZE(1)
PLAIN_SIZE(2)
PLAIN_SIZE(4)
PLAIN_SIZE(8)

// Their orders are left unused: __ATOMIC_SEQ_CST for all.
#define ATOMIC(type, result, name, parameters, kind, value)                                                     \
    result __tsan_atomic##name parameters;                                                                      \
    result __tsan_atomic##name parameters                                                                       \
    {                                                                                                           \
        race_access((uint64_t)at, sizeof(type), ACCESS_MARKED | (kind), HERE);                                  \
        return value;                                                                                           \
    }
#define ATOMIC_CHANGE(bits, name, value)                                                                        \
    ATOMIC(uint##bits##_t, uint##bits##_t, bits##_##name,                                                       \
           (volatile uint##bits##_t *at, uint##bits##_t operand, int order __attribute__((unused))),            \
           ACCESS_WRITE, value(at, operand, __ATOMIC_SEQ_CST))
#define ATOMIC_SIZE(bits)                                                                                       \
    ATOMIC(uint##bits##_t, uint##bits##_t, bits##_load,                                                         \
           (const volatile uint##bits##_t *at, int order __attribute__((unused))), 0,                           \
           __atomic_load_n(at, __ATOMIC_SEQ_CST))                                                               \
    ATOMIC(uint##bits##_t, void, bits##_store,                                                                  \
           (volatile uint##bits##_t *at, uint##bits##_t operand, int order __attribute__((unused))),            \
           ACCESS_WRITE, __atomic_store_n(at, operand, __ATOMIC_SEQ_CST))                                       \
    ATOMIC_CHANGE(bits, exchange, __atomic_exchange_n)                                                          \
    ATOMIC_CHANGE(bits, fetch_add, __atomic_fetch_add)                                                          \
    ATOMIC_CHANGE(bits, fetch_sub, __atomic_fetch_sub)                                                          \
    ATOMIC_CHANGE(bits, fetch_and, __atomic_fetch_and)                                                          \
    ATOMIC_CHANGE(bits, fetch_or, __atomic_fetch_or)                                                            \
    ATOMIC_CHANGE(bits, fetch_xor, __atomic_fetch_xor)                                                          \
    ATOMIC(uint##bits##_t, uint##bits##_t, bits##_compare_exchange_val,                                         \
           (volatile uint##bits##_t *at, uint##bits##_t expected, uint##bits##_t wanted,                        \
            int order __attribute__((unused)), int order_failed __attribute__((unused))),                       \
           ACCESS_WRITE,                                                                                        \
           (__atomic_compare_exchange_n(at, &expected, wanted, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST), expected))
ATOMIC_SIZE(8)
ATOMIC_SIZE(16)
ATOMIC_SIZE(32)
ATOMIC_SIZE(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

// Each object file has a constructor that calls this; nobody calls the constructors.
void __tsan_init(void);
void __tsan_init(void)
{
}

// lib/string.c under other names.
void *plain_memcpy(void *restrict destination, const void *restrict source, size_t bytes);
void *plain_memmove(void *destination, const void *source, size_t bytes);
void *plain_memset(void *destination, int byte, size_t bytes);
int plain_memcmp(const void *a, const void *b, size_t bytes);

void *memcpy(void *restrict destination, const void *restrict source, size_t bytes)
{
    race_access((uint64_t)source, bytes, 0, HERE);
    race_access((uint64_t)destination, bytes, ACCESS_WRITE, HERE);
    return plain_memcpy(destination, source, bytes);
}

void *memmove(void *destination, const void *source, size_t bytes)
{
    race_access((uint64_t)source, bytes, 0, HERE);
    race_access((uint64_t)destination, bytes, ACCESS_WRITE, HERE);
    return plain_memmove(destination, source, bytes);
}

void *memset(void *destination, int byte, size_t bytes)
{
    race_access((uint64_t)destination, bytes, ACCESS_WRITE, HERE);
    return plain_memset(destination, byte, bytes);
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    race_access((uint64_t)a, bytes, 0, HERE);
    race_access((uint64_t)b, bytes, 0, HERE);
    return plain_memcmp(a, b, bytes);
}
