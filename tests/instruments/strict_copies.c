// SPDX-License-Identifier: MIT
//
// Every copy of user memory begins and ends in odd places: who copies an aligned word is promised no single
// access, and the loops of usercopy.S meet each alignment, each page boundary and each fault from both sides.
//
//   user page:  |1-7|          all up to 1-7 before its end          |piece that crosses| ...
//
// Stands between mm/uaccess.c and those loops (--wrap).

#include "arch/uaccess.h"

#define WORD 8

static size_t one_to_seven(void)
{
    static _Atomic uint32_t turns;
    return 1 + (uint32_t)(turns++ * 0x9e3779b1u) % (WORD - 1);
}

static size_t piece(uint64_t user, size_t bytes)
{
    size_t to_page_end = PAGE_SIZE - user % PAGE_SIZE, most = bytes;
    if (user % WORD == 0)
        most = one_to_seven();
    else if (to_page_end < WORD)
        most = to_page_end + one_to_seven();
    else if (bytes > to_page_end)
        most = to_page_end - one_to_seven();
    return bytes < most ? bytes : most;
}

size_t __real_arch_copy_to_user(uint64_t destination, const void *source, size_t bytes);

// One for both directions, as the loop of usercopy.S is: which side is the user's matters to the cuts alone.
static size_t copy_in_pieces(uint64_t destination, uint64_t source, size_t bytes, bool to_user)
{
    size_t missed = 0;
    while (bytes > 0 && missed == 0) {
        size_t next = piece(to_user ? destination : source, bytes);
        missed = __real_arch_copy_to_user(destination, (const void *)source, next);
        destination += next;
        source += next;
        bytes -= next - missed;
    }
    return bytes;
}

size_t __wrap_arch_copy_from_user(void *destination, uint64_t source, size_t bytes);
size_t __wrap_arch_copy_from_user(void *destination, uint64_t source, size_t bytes)
{
    return copy_in_pieces((uint64_t)destination, source, bytes, false);
}

size_t __wrap_arch_copy_to_user(uint64_t destination, const void *source, size_t bytes);
size_t __wrap_arch_copy_to_user(uint64_t destination, const void *source, size_t bytes)
{
    return copy_in_pieces(destination, (uint64_t)source, bytes, true);
}
