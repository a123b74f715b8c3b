// SPDX-License-Identifier: MIT
//
// What the files of arch/riscv share among themselves: linker symbols, assembly, and each other's boot steps.
#pragma once

#include "arch/thread.h"

// kernel.ld
extern char kernel_start[], rodata_start[], data_start[], kernel_end[];
extern char boot_stack_guard[], boot_stack_bottom[], boot_stack_top[];

// entry.S, trap.S
extern char boot_entry[], thread_start[];
_Noreturn void return_to_user(void); // => sp = user frame; jumped to, see arch_return_to_user()
void switch_context(uint64_t *from, uint64_t *to, struct arch_thread *thread);
void fpu_save(struct fpu_state *state);
void fpu_restore(const struct fpu_state *state);

// The threads the harts boot on; the idle tasks of proc/ take over from them.
extern struct arch_thread boot_threads[MAX_HARTS];
extern struct arch_thread *starting_thread;

static inline void fence_translations(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

void machine_read(paddr_t device_tree); // machine.c
void power_init(bool mapped);           // power.c
void arch_timer_init(void);             // timer.c: once
void arch_timer_init_hart(void);        // timer.c: each hart
void plic_init(void);                   // plic.c

// report.c, backtrace.c
#if KINE_OPTION_REPORT
void report_init(void);
uint64_t report_watch_ns(void); // when this hart must look again
void report_watch(void);        // does the next hart live? has the deadline passed?
void report_halt(void);         // stand still, for ever: another hart reports
// Log a backtrace by frame pointers, names from the embedded symbol table; or one line of it.
void backtrace_print(uint64_t frame_pointer), backtrace_print_place(uint64_t pc);
#else
static inline void report_init(void) {}
static inline uint64_t report_watch_ns(void) { return UINT64_MAX; }
static inline void report_watch(void) {}
static inline void report_halt(void) {}
#endif

// tests/instruments/strict.c: only the strict preset has it
#if KINE_OPTION_STRICT
bool strict_put_off(void);       // a request for the TLB has come: it is owed for a while
uint64_t strict_late_ns(void);   // when it must be served
bool strict_owes(void);          // is one owed? It is no longer, the caller serves it
void strict_stack_fill(uint8_t *bottom);
void strict_stack_measure(const uint8_t *bottom);
#else
static inline bool strict_put_off(void) { return false; }
static inline uint64_t strict_late_ns(void) { return UINT64_MAX; }
static inline bool strict_owes(void) { return false; }
static inline void strict_stack_fill(uint8_t *bottom) { (void)bottom; }
static inline void strict_stack_measure(const uint8_t *bottom) { (void)bottom; }
#endif

// sbi.c: calls into the firmware (RISC-V SBI specification 1.0). Any context; none of them sleeps.
extern bool sbi_has_timer, sbi_has_harts; // TIME; HSM and IPI: other harts can be started and reached
void sbi_probe(void);                     // sets them; one clear line for each extension that is missing

void sbi_put_text(const char *text, size_t bytes); // legacy console: a log sink for the first lines
void sbi_set_timer(uint64_t time_ticks);
void sbi_send_ipi(uint64_t hart_id);
int64_t sbi_hart_start(uint64_t hart_id, paddr_t entry); // 0 or an SBI error
void sbi_shutdown(bool failed); // returns when it cannot
