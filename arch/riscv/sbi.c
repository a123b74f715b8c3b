// SPDX-License-Identifier: MIT
//
// The SBI calls of sbi.h. Extension numbers are ASCII names, as the specification defines them.

#include "arch/riscv/sbi.h"

#include "lib/log.h"

enum { LEGACY_PUTCHAR = 1, BASE = 0x10, TIME = 0x54494d45, IPI = 0x735049, HSM = 0x48534d, SRST = 0x53525354 };
enum { BASE_PROBE = 3 };

static bool has_time, has_ipi, has_hsm, has_srst;

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
    if (result.error == 0 && result.value != 0)
        return true;
    log_warn("SBI extension %s is missing: %s", name, consequence);
    return false;
}

void sbi_probe(void)
{
    has_time = probe(TIME, "TIME", "timer interrupts need sstc");
    has_ipi = probe(IPI, "IPI", "only the boot hart runs");
    has_hsm = probe(HSM, "HSM", "only the boot hart runs");
    has_srst = probe(SRST, "SRST", "power-off needs a test finisher in the device tree");
}

bool sbi_has_timer(void)
{
    return has_time;
}

bool sbi_has_harts(void)
{
    return has_ipi && has_hsm;
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
    sbi_call(IPI, 0, 1, hart_id, 0); // mask of one, based at hart_id
}

int64_t sbi_hart_start(uint64_t hart_id, paddr_t entry, uint64_t argument)
{
    return sbi_call(HSM, 0, hart_id, entry, argument).error;
}

void sbi_shutdown(bool failed)
{
    if (has_srst)
        sbi_call(SRST, 0, 0, failed, 0); // type 0 = shutdown; reason 1 = system failure
}
