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

size_t __real_arch_copy_from_user(void *destination, uint64_t source, size_t bytes);
size_t __wrap_arch_copy_from_user(void *destination, uint64_t source, size_t bytes);
size_t __wrap_arch_copy_from_user(void *destination, uint64_t source, size_t bytes)
{
    size_t left = bytes, missed = 0;
    while (left > 0 && missed == 0) {
        size_t done = bytes - left, next = piece(source + done, left);
        missed = __real_arch_copy_from_user((char *)destination + done, source + done, next);
        left -= next - missed;
    }
    return left;
}

size_t __real_arch_copy_to_user(uint64_t destination, const void *source, size_t bytes);
size_t __wrap_arch_copy_to_user(uint64_t destination, const void *source, size_t bytes);
size_t __wrap_arch_copy_to_user(uint64_t destination, const void *source, size_t bytes)
{
    size_t left = bytes, missed = 0;
    while (left > 0 && missed == 0) {
        size_t done = bytes - left, next = piece(destination + done, left);
        missed = __real_arch_copy_to_user(destination + done, (const char *)source + done, next);
        left -= next - missed;
    }
    return left;
}
