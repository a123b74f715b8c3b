// SPDX-License-Identifier: MIT
//
// Backtraces by frame pointers: s0 points above the caller's return address and the caller's s0. trap.S
// leaves such a pair for the code that a trap interrupted, and zero in s0 when it came from user mode. Used
// when something is broken: every pointer is checked before it is followed. Names come from a table that the
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

// A return address may lie behind its function, when the call never returns: a byte back is in the call.
void backtrace_print_place(uint64_t pc)
{
    uint64_t low = 0, high = kernel_symbol_count; // the last symbol at or below pc is at low - 1
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (kernel_symbols[middle].address < pc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0 && pc < (uint64_t)rodata_start)
        log_error("  by %016lx %s+%#lx", pc, kernel_symbol_names + kernel_symbols[low - 1].name,
                  pc - kernel_symbols[low - 1].address);
    else
        log_error("  by %016lx", pc);
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

void backtrace_print(uint64_t frame_pointer)
{
    for (unsigned i = 0; i < FRAMES_MOST && on_a_stack(frame_pointer); i++) {
        const uint64_t *above = (const uint64_t *)frame_pointer;
        backtrace_print_place(above[-1]);
        frame_pointer = above[-2];
    }
}
