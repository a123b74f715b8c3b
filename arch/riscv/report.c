// SPDX-License-Identifier: MIT
//
// The last words of the machine: where every hart is, when one panics or nothing moves any more. One hart
// speaks; the others are asked to halt and leave the frame pointer where they did. And the watch that finds
// hangs: each hart, on its timer interrupts and while it spins, watches the next one. Times are virtual.

#include "arch/machine.h"
#include "arch/riscv/private.h"

#include "lib/clock.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/lockrank.h"

#define WATCH_NS      (2 * NS_PER_SECOND)  // a hart looks at its neighbour at least this often
#define ASK_AFTER_NS  (5 * NS_PER_SECOND)  // no sign of life: ask for one
#define HANG_AFTER_NS (10 * NS_PER_SECOND)
#define ANSWER_NS     (NS_PER_SECOND / 10)
#define TURN_NS       (NS_PER_SECOND / 1000)

enum { STATUS_PANIC = 101, STATUS_HANG = 102 };

static uint64_t deadline_ns = UINT64_MAX; // boot argument deadline=SECONDS
static unsigned exit_status = STATUS_PANIC;
static _Atomic bool ending;                   // a report is being made: the watch is over
static _Atomic uint64_t halted_at[MAX_HARTS]; // frame pointers; 0: runs

void report_halt(void)
{
    irq_disable();
    halted_at[this_hart()->index] = (uint64_t)__builtin_frame_address(0);
    for (;;)
        __asm__ volatile("wfi");
}

// The timer is kept running: under icount a hart that spins keeps the processor until some timer is due.
static void halt_others(void)
{
    uint64_t start_ns = clock_ns();
    for (unsigned i = 0; i < harts_online(); i++)
        if (i != this_hart()->index)
            ipi_send(i, IPI_REPORT);
    for (unsigned i = 0; i < harts_online(); i++) {
        while (i != this_hart()->index && !halted_at[i] && clock_ns() - start_ns < ANSWER_NS) {
            timer_set_deadline(clock_ns() + TURN_NS);
            cpu_spin_turn();
        }
    }
}

static void report_hart(const struct hart *hart)
{
    char name[64] = "no name yet";
    if (describe_thread && hart->running)
        describe_thread(hart->running, name, sizeof(name));
    log_error("hart %u (id %lu), thread: %s", hart->index, hart->id, name);
    uint64_t frame_pointer = halted_at[hart->index];
    if (hart == this_hart())
        frame_pointer = (uint64_t)__builtin_frame_address(0);
    if (frame_pointer)
        backtrace_print(frame_pointer);
    else
        log_error("  does not answer: stuck with interrupts off");
    spin_print_held(hart->index);
}

static void report_and_end(void)
{
    ending = true;
    halt_others();
    for (unsigned i = 0; i < harts_online(); i++)
        report_hart(&harts[i]);
    machine_power_off(exit_status);
}

static _Noreturn void hang_report(const char *why)
{
    exit_status = STATUS_HANG;
    panic("hang: %s", why);
}

void report_init(void)
{
    panic_set_hook(report_and_end);
    uint64_t seconds = boot_argument_u64("deadline", 0);
    if (seconds > 0 && seconds < UINT64_MAX / NS_PER_SECOND)
        deadline_ns = seconds * NS_PER_SECOND;
}

uint64_t report_watch_ns(void)
{
    if (ending)
        return UINT64_MAX;
    uint64_t next_ns = clock_ns() + WATCH_NS;
    return harts_online() > 1 && next_ns < deadline_ns ? next_ns : deadline_ns;
}

void report_watch(void)
{
    struct hart *self = this_hart();
    struct hart *next = &harts[(self->index + 1) % harts_online()];
    uint64_t now_ns = clock_ns(), beat = next->heartbeat;
    if (ending)
        return;
    if (now_ns >= deadline_ns)
        hang_report("the deadline has passed");
    self->silent_ns += clock_passed_ns(&self->looked_ns, WATCH_NS);
    if (next == self || next->idling || beat != self->watched_beat) {
        self->watched_beat = beat;
        self->silent_ns = 0;
    } else if (self->silent_ns > HANG_AFTER_NS) {
        hang_report("a hart has taken no interrupt for 10 s");
    } else if (self->silent_ns > ASK_AFTER_NS) {
        ipi_send(next->index, IPI_RESCHEDULE); // it may only have had no reason to take one
    }
}
