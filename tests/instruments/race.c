// SPDX-License-Identifier: MIT
//
// Races between harts, found by watching now and then. The compiler calls a hook before each access to memory
// (-fsanitize=thread; race_hooks.c). Most only look whether another hart watches that address. A few are watched
// themselves: the hart says in a table what it is about to do, waits some microseconds, and goes on.
//
//   - Another hart comes to the same bytes meanwhile, and one of the two writes: nothing keeps them apart. A
//     race, unless both accesses are marked. The one who comes reports both.
//   - Nobody came, but the value is another: who wrote it has no hooks, or is a device.
//
// No false alarm: both harts stand right before their accesses, at the same time. What is not found proves
// nothing. Interrupts are off while a hart watches, and it waits for nobody, so a watch is safe wherever an
// access is. Compiled without hooks itself; what it calls has them.

#include "tests/instruments/race.h"

#include "arch/machine.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sequence.h"
#include "lib/string.h"

#define PERIOD_MOST 64       // plain accesses of a hart from one that may be watched to the next
#define REST_NS     5000000 // so long the same place in the code is not watched again: rare ones get a share
#define PLACES      ((size_t)1 << 18) // of two bytes: more than the kernel has
#define WATCH_NS    50000
#define AGAIN_NS    2000000 // who has changed a value unseen may come again
#define TURNS_MOST  64

// A watch is one word: address, bytes, does it write. 0: none; HIT: another hart has found it, and reports.
#define WATCH(address, bytes, kind) ((address) << 5 | (bytes) << 1 | ((kind) & ACCESS_WRITE))
#define HIT                         ((uint64_t)1)
#define ADDRESS_OF(watch)           ((uint64_t)((int64_t)(watch) >> 5)) // an address of sv39 is sign-extended
#define BYTES_OF(watch)             ((watch) >> 1 & 15)

static struct watcher {
    _Atomic uint64_t watch;
    uint64_t pc, before; // of the watch
    uint64_t next;       // no watch before this time: at most a third of a hart's time goes into them
    struct sequence sequence;
} watchers[MAX_HARTS];
struct race_hart race_harts[MAX_HARTS];
_Atomic uint32_t race_watching;
static _Atomic bool reporting;          // some hart, for good
static _Atomic uint32_t rested[PLACES]; // hash of a pc: when it may be watched again, in 2^10 ticks

static bool has_sstc(void)
{
    static _Atomic int known; // 0: not asked yet
    if (!known) {
        const char *isa = fdt_string(&machine.fdt, fdt_next(&machine.fdt, -1, "device_type", "cpu"), "riscv,isa");
        known = 1;
        for (; isa && (isa = strchr(isa, '_')); isa++)
            known = strncmp(isa, "_sstc", 5) == 0 ? 2 : known;
    }
    return known == 2;
}

// Lets other harts run, as cpu_spin_turn() does, but serves nobody: an access to memory is no place for it.
// Only a report of another hart is the end.
static void wait_turn(void)
{
    __asm__ volatile("csrsi sip, 2\n\twfi" : : : "memory");
    csr_clear(sip, SIE_SOFTWARE);
    __asm__ volatile("fence" : : : "memory");
    uint32_t pending = this_hart()->ipi_pending;
    if (pending & IPI_REPORT)
        report_halt();
    if (pending)
        csr_set(sip, SIE_SOFTWARE);
}

// A sleep, so that the host has a processor for the other harts. It ends early when somebody wants something of this
// hart. A few turns must do without sstc, and as long as this hart has no timer interrupts.
static void sleep_until(uint64_t ticks)
{
    if (!has_sstc() || !(csr_read(sie) & SIE_TIMER)) {
        for (unsigned turn = 0; turn < TURNS_MOST && csr_read(time) < ticks; turn++)
            wait_turn();
        return;
    }
    uint64_t deadline = csr_read(CSR_STIMECMP);
    csr_write(CSR_STIMECMP, ticks);
    while (csr_read(time) < ticks && !this_hart()->ipi_pending)
        __asm__ volatile("wfi" : : : "memory");
    csr_write(CSR_STIMECMP, deadline);
}

static void print_access(unsigned hart, uint64_t address, size_t bytes, unsigned kind, uint64_t pc)
{
    log_error("race: hart %u %s %zu byte%s at %#lx%s", hart, kind & ACCESS_WRITE ? "writes" : "reads", bytes,
              bytes == 1 ? "" : "s", address, kind & ACCESS_MARKED ? ", marked" : "");
    backtrace_print_place(pc);
}

// One report is enough, and its panic stops whoever else has one.
static void report_begin(void)
{
    irq_disable();
    while (atomic_exchange(&reporting, true))
        wait_turn();
}

static _Noreturn void report_pair(unsigned hart, uint64_t watch, uint64_t address, size_t bytes,
                                  unsigned kind, uint64_t pc)
{
    report_begin();
    print_access(this_hart()->index, address, bytes, kind, pc);
    print_access(hart, ADDRESS_OF(watch), BYTES_OF(watch), watch & ACCESS_WRITE, watchers[hart].pc);
    panic("data race with hart %u", hart);
}

static _Noreturn void report_changed(uint64_t address, size_t bytes, unsigned kind, uint64_t after)
{
    report_begin();
    struct watcher *self = &watchers[this_hart()->index];
    print_access(this_hart()->index, address, bytes, kind, self->pc);
    panic("data race with somebody unknown: %#lx became %#lx", self->before, after);
}

// Does another hart watch these bytes? Then it is a race.
static void look(uint64_t address, size_t bytes, unsigned kind, uint64_t pc)
{
    for (uint32_t others = race_watching & ~((uint32_t)1 << this_hart()->index); others;
         others &= others - 1) {
        unsigned hart = (unsigned)__builtin_ctz(others);
        uint64_t watch = atomic_load_explicit(&watchers[hart].watch, memory_order_acquire);
        if (watch > HIT && address < ADDRESS_OF(watch) + BYTES_OF(watch) &&
            ADDRESS_OF(watch) < address + bytes && (watch | kind) & ACCESS_WRITE &&
            atomic_compare_exchange_strong(&watchers[hart].watch, &watch, HIT))
            report_pair(hart, watch, address, bytes, kind, pc);
    }
}

static uint64_t value_at(uint64_t address, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t) * (volatile uint8_t *)(address + i) << 8 * i;
    return value;
}

static bool others_idle(void)
{
    for (unsigned i = 0; i < harts_online(); i++)
        if (i != this_hart()->index && !harts[i].idling)
            return false;
    return true;
}

// Equal seeds, equal watches; without a seed each run has others.
static int64_t next_period(struct watcher *self)
{
    if (!self->sequence.state)
        self->sequence.state =
            (boot_argument_u64("seed", csr_read(time)) + 1) * MAX_HARTS + this_hart()->index;
    return (int64_t)sequence_between(&self->sequence, 1, PERIOD_MOST);
}

static uint64_t ticks_of(uint64_t ns)
{
    return ns * machine.timebase_hz / NS_PER_SECOND;
}

static bool due(const struct watcher *self, uint64_t pc)
{
    _Atomic uint32_t *until = &rested[pc / 2 % PLACES];
    uint64_t now = csr_read(time);
    if (now < self->next || now >> 10 < *until)
        return false;
    *until = (uint32_t)((now + ticks_of(REST_NS)) >> 10);
    return true;
}

static void watch(uint64_t address, size_t bytes, unsigned kind, uint64_t pc)
{
    struct watcher *self = &watchers[this_hart()->index];
    uint32_t bit = (uint32_t)1 << this_hart()->index;
    uint64_t word = WATCH(address, bytes, kind), start = csr_read(time);
    self->pc = pc;
    self->watch = word;
    race_watching |= bit;
    self->before = value_at(address, bytes);
    sleep_until(start + ticks_of(WATCH_NS));
    uint64_t after = value_at(address, bytes), end = csr_read(time);
    self->next = end + 2 * (end - start);
    if (after != self->before)
        sleep_until(end + ticks_of(AGAIN_NS)); // it had looked before the watch began: next time it reports both
    race_watching &= ~bit;
    if (!atomic_compare_exchange_strong(&self->watch, &word, 0))
        for (;;) // another hart came by and reports, which is the end
            wait_turn();
    if (after != self->before)
        report_changed(address, bytes, kind, after);
}

void race_slowly(uint64_t address, size_t bytes, unsigned kind, uint64_t pc)
{
    struct watcher *self = &watchers[this_hart()->index];
    int64_t *left = &race_harts[this_hart()->index].left;
    if (reporting) // with hooks, as all else
        return;
    look(address, bytes, kind, pc);
    if (kind & ACCESS_MARKED || *left > 0)
        return;
    bool constant = address - (uint64_t)kernel_start < (uint64_t)(data_start - kernel_start);
    *left = INT64_MAX; // what is called from here has hooks, too
    *left = constant ? 1 : harts_online() > 1 ? next_period(self) : PERIOD_MOST;
    if (constant || bytes == 0 || self->watch || others_idle() || !due(self, pc))
        return;
    if (bytes > 8) { // one word of what is copied
        address += sequence_between(&self->sequence, 0, bytes / 8 - 1) * 8;
        bytes = 8;
    }
    uint64_t before;
    __asm__ volatile("csrrci %0, sstatus, 2" : "=r"(before) : : "memory");
    watch(address, bytes, kind, pc);
    if (before & SSTATUS_SIE)
        irq_enable();
}
