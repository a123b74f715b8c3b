// SPDX-License-Identifier: MIT
// What a program may do wrong that is no page fault, and page faults at odd addresses: the signal that ends
// it, what the processor corrects itself, and numbers of system calls that there are none of.
#include "ktap.h"
#include <stdint.h>
#include <sys/mman.h>

static _Alignas(64) unsigned char bytes[64];

static int illegal_instruction(void *unused)
{
    asm volatile(".2byte 0");
    return 0;
}

static int privileged_instruction(void *unused)
{
    asm volatile("csrr zero, sstatus");
    return 0;
}

static int breakpoint(void *unused)
{
    asm volatile("ebreak");
    return 0;
}

// An atomic access must be aligned (unprivileged spec 8.2), whoever else would split it.
static int misaligned_atomic(void *unused)
{
    asm volatile("amoadd.d zero, zero, (%0)" ::"r"(bytes + 4) : "memory");
    return 0;
}

static int misaligned_reservation(void *unused)
{
    asm volatile("lr.w zero, (%0)" ::"r"(bytes + 2) : "memory");
    return 0;
}

static int load_from(void *address)
{
    asm volatile("ld zero, (%0)" ::"r"(address) : "memory");
    return 0;
}

static int store_to(void *address)
{
    asm volatile("sd zero, (%0)" ::"r"(address) : "memory");
    return 0;
}

static int jump_to(void *address)
{
    asm volatile("jr %0" ::"r"(address) : "memory");
    return 0;
}

int main(void)
{
    ok(killed(in_child(illegal_instruction, NULL), SIGILL), "no instruction: SIGILL");
    ok(killed(in_child(privileged_instruction, NULL), SIGILL), "a register of the kernel: SIGILL");
    ok(killed(in_child(breakpoint, NULL), SIGTRAP), "a breakpoint: SIGTRAP");
    ok(killed(in_child(misaligned_atomic, NULL), SIGBUS), "a misaligned atomic: SIGBUS");
    ok(killed(in_child(misaligned_reservation, NULL), SIGBUS), "a misaligned reservation: SIGBUS");

    uint64_t word = 0;
    memcpy(bytes + 3, "12345678", 8);
    asm volatile("ld %0, (%1)" : "=r"(word) : "r"(bytes + 3) : "memory");
    ok(memcmp(&word, "12345678", 8) == 0, "a misaligned load is no mistake");
    unsigned char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(pages != MAP_FAILED && munmap(pages + PAGE, PAGE) == 0, "a page with nothing behind");
    ok(killed(in_child(load_from, pages + PAGE - 3), SIGSEGV), "it may end on a page that is not there");
    ok(killed(in_child(store_to, pages + PAGE - 3), SIGSEGV) && filled(pages, 0, PAGE),
       "so may a store, then nothing is stored");

    uintptr_t odd[] = {0,
                       0x3fffffffff,
                       0x4000000000,
                       0x8000000000000000,
                       0xffffffc080200000,
                       0xffffffff80200000,
                       UINTPTR_MAX - 7};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        void *address = (void *)odd[i];
        ok(killed(in_child(load_from, address), SIGSEGV) && killed(in_child(store_to, address), SIGSEGV) &&
               killed(in_child(jump_to, address), SIGSEGV),
           "%#lx: SIGSEGV", (unsigned long)odd[i]);
    }
    ok(killed(in_child(jump_to, pages), SIGSEGV), "data is not run");

    static const long numbers[] = {1023, 100000, -1, 1L << 32, INT64_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        fails(syscall(numbers[i], 0, 0, 0, 0, 0, 0), ENOSYS, "a system call that there is not");
    return done();
}
