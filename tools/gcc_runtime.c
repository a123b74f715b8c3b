// SPDX-License-Identifier: MIT
//
// What gcc 12 calls where rv64imac has no instruction: counting bits, and atomics of less than 32 bits. It has
// them in libraries of its own, but Debian only those for programs (lp64d). For a kernel compiled by gcc.

#include <stdint.h>

int __popcountdi2(uint64_t value); // called by the compiler, as all here
int __popcountdi2(uint64_t value)
{
    value -= value >> 1 & 0x5555555555555555;
    value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (int)(value * 0x0101010101010101 >> 56);
}

int __ctzdi2(uint64_t value);
int __ctzdi2(uint64_t value)
{
    return __popcountdi2((value & -value) - 1);
}

// Changes the aligned 32 bits around *memory, until nobody came in between. => what was there; always SEQ_CST
#define WITHIN_WORD(name, type, new_value)                                                                \
    type name(volatile void *memory, type operand, int order);                                            \
    type name(volatile void *memory, type operand, int order)                                             \
    {                                                                                                     \
        uint32_t *word = (uint32_t *)((uintptr_t)memory & ~(uintptr_t)3);                                 \
        unsigned shift = ((uintptr_t)memory & 3) * 8;                                                     \
        uint32_t mask = (uint32_t)(type)-1 << shift, seen = __atomic_load_n(word, __ATOMIC_RELAXED), want; \
        type old;                                                                                         \
        (void)order;                                                                                      \
        do {                                                                                              \
            old = (type)(seen >> shift);                                                                  \
            want = (seen & ~mask) | (uint32_t)(type)(new_value) << shift;                                 \
        } while (!__atomic_compare_exchange_n(word, &seen, want, 1, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)); \
        return old;                                                                                       \
    }

WITHIN_WORD(__atomic_exchange_1, uint8_t, operand)
WITHIN_WORD(__atomic_exchange_2, uint16_t, operand)
WITHIN_WORD(__atomic_fetch_and_2, uint16_t, old & operand)
WITHIN_WORD(__atomic_fetch_or_2, uint16_t, old | operand)
