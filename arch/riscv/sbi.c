// SPDX-License-Identifier: MIT
//
// The SBI calls of private.h. Extension numbers are ASCII names, as the specification defines them.

#include "arch/riscv/private.h"

#include "lib/log.h"

enum { LEGACY_PUTCHAR = 1, BASE = 0x10, TIME = 0x54494d45, IPI = 0x735049, HSM = 0x48534d,
       SRST = 0x53525354 };
enum { BASE_PROBE = 3, SRST_SHUTDOWN = 0, SRST_SYSTEM_FAILURE = 1 };

bool sbi_has_timer, sbi_has_harts;

struct sbi_result {
    int64_t error, value;
};

static struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t first, uint64_t second,
                                  uint64_t third)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;
    register uint64_t a2 __asm__("a2") = third;
    register uint64_t a6 __asm__("a6") = function;
    register uint64_t a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){(int64_t)a0, (int64_t)a1};
}

static bool probe(uint64_t extension, const char *name, const char *consequence)
{
    struct sbi_result result = sbi_call(BASE, BASE_PROBE, extension, 0, 0);
    bool present = result.error == 0 && result.value != 0;
    if (!present)
        log_warn("the firmware has no SBI extension %s: %s", name, consequence);
    return present;
}

void sbi_probe(void)
{
    sbi_has_timer = probe(TIME, "TIME", "timer interrupts need sstc");
    sbi_has_harts = probe(HSM, "HSM", "only the boot hart runs");
    sbi_has_harts = probe(IPI, "IPI", "only the boot hart runs") && sbi_has_harts;
    probe(SRST, "SRST", "power-off needs a test finisher in the device tree");
}

void sbi_put_text(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        sbi_call(LEGACY_PUTCHAR, 0, (uint8_t)text[i], 0, 0);
}

void sbi_set_timer(uint64_t time_ticks)
{
    sbi_call(TIME, 0, time_ticks, 0, 0);
}

void sbi_send_ipi(uint64_t hart_id)
{
    sbi_call(IPI, 0, 1, hart_id, 0); // a mask of one, based at hart_id
}

int64_t sbi_hart_start(uint64_t hart_id, paddr_t entry)
{
    return sbi_call(HSM, 0, hart_id, entry, 0).error;
}

void sbi_shutdown(bool failed)
{
    sbi_call(SRST, 0, SRST_SHUTDOWN, failed ? SRST_SYSTEM_FAILURE : 0, 0); // an error where there is no SRST
}
