// SPDX-License-Identifier: MIT
//
// Backtraces by frame pointers: s0 points above the caller's return address and the caller's s0. trap.S leaves
// such a pair for the code that a trap interrupted, and zero in s0 when it came from user mode. Used when
// something is broken: every pointer is checked before it is followed. Names come from a table that the
// build makes from the first link (tools/symbols.py). Takes no lock.

#include "arch/thread.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/private.h"

#include "lib/log.h"

#define FRAMES_MOST 32

struct kernel_symbol {
    uint64_t address;
    uint32_t name; // offset into kernel_symbol_names
};
extern const struct kernel_symbol kernel_symbols[]; // ascending
extern const uint64_t kernel_symbol_count;
extern const char kernel_symbol_names[];

// A return address may lie behind its function, when the call never returns: `back` steps into the call.
static void print_place(const char *what, uint64_t pc, uint64_t back)
{
    uint64_t low = 0, high = kernel_symbol_count; // the last symbol at or below pc is at low - 1
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (kernel_symbols[middle].address <= pc - back)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && pc < (uint64_t)rodata_start)
        log_error("  %s %016lx %s+%#lx", what, pc, kernel_symbol_names + kernel_symbols[low - 1].name,
                  pc - kernel_symbols[low - 1].address);
    else
        log_error("  %s %016lx", what, pc);
}

// May the two words below `frame_pointer` be read? In .bss (boot and emergency stacks) or in the upper half
// of a kernel-stack slot.
static bool on_a_stack(uint64_t frame_pointer)
{
    uint64_t lowest = frame_pointer - 16;
    if (frame_pointer % 8 != 0 || frame_pointer < 16)
        return false;
    if (lowest >= (uint64_t)data_start && frame_pointer <= (uint64_t)kernel_end)
        return lowest < (uint64_t)boot_stack_guard || lowest >= (uint64_t)boot_stack_bottom;
    return lowest >= KERNEL_STACK_BASE && lowest < KERNEL_IMAGE_BASE && (lowest & KERNEL_STACK_BYTES);
}

void backtrace_print(uint64_t pc, uint64_t frame_pointer)
{
    if (pc)
        print_place("at", pc, 0);
    for (unsigned i = 0; i < FRAMES_MOST && on_a_stack(frame_pointer); i++) {
        const uint64_t *above = (const uint64_t *)frame_pointer;
        print_place("by", above[-1], 1);
        frame_pointer = above[-2];
    }
}

void trap_frame_print(const struct trap_frame *frame)
{
    static const char names[32][4] = {"",   "ra", "sp", "gp", "tp", "t0", "t1",  "t2",  "s0", "s1", "a0",
                                      "a1", "a2", "a3", "a4", "a5", "a6", "a7",  "s2",  "s3", "s4", "s5",
                                      "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    const uint64_t *x = frame->x;
    log_error("  sepc %016lx sstatus %lx scause %lx stval %016lx", frame->sepc, frame->sstatus, frame->scause,
              frame->stval);
    for (unsigned i = 0; i < 32; i += 4)
        log_error("  %3s %016lx %3s %016lx %3s %016lx %3s %016lx", names[i], x[i], names[i + 1], x[i + 1],
                  names[i + 2], x[i + 2], names[i + 3], x[i + 3]);
}

_Noreturn void kernel_stack_overflow(const struct trap_frame *frame); // called by trap.S
_Noreturn void kernel_stack_overflow(const struct trap_frame *frame)
{
    trap_frame_print(frame);
    panic("kernel stack overflow: sp = %#lx", frame->x[2]);
}
