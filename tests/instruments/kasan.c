// SPDX-License-Identifier: MIT
//
// The kernel address sanitizer: clang puts a call in front of every load and store of the kernel
// (-fsanitize=kernel-address), which looks into the shadow (kasan.h) whether these bytes may be used, and marks what
// lies around variables on the stack and behind globals. Whoever uses what he may not stops the machine with a
// report. What is not in the kernel half, or has no shadow, is left to the page table.
//
// Called by every function, in any context, with any lock held; takes no lock. Not instrumented itself.

#include "tests/instruments/kasan.h"
#include "tests/instruments/stack_guard.h"

#include "arch/machine.h"
#include "arch/thread.h"
#include "arch/riscv/private.h"
#include "lib/format.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "mm/slab.h"

struct global { // what the compiler tells of each (LLVM, compiler-rt/lib/asan/asan_interface_internal.h)
    uintptr_t start;
    size_t bytes, bytes_with_zone;
    const char *name, *file;
    uintptr_t unused[3];
};
static struct {
    const struct global *globals;
    size_t count;
} units[256]; // one for each file that has globals; those of more would go without a name in reports
static unsigned unit_count;
static _Atomic unsigned reporting; // index of the hart that reports + 1: from then on nothing is checked

// --- reports ------------------------------------------------------------------------------------------------

static const char *kind_of(uint8_t value)
{
    switch (value) {
    case STACK_LEFT:
    case STACK_MIDDLE:
    case STACK_RIGHT: return "stack: beyond a variable";
    case STACK_SCOPE: return "stack: variable used after its scope";
    case STACK_FREED: return "stack: used after it was freed";
    case GLOBAL_BEHIND: return "global: beyond its end";
    case SLAB_BEHIND: return "heap: beyond an object";
    case SLAB_NEVER: return "heap: object that was never allocated";
    case SLAB_FREED: return "heap: object used after it was freed";
    case FRAME_NEVER: return "frame: used before it was allocated";
    case FRAME_FREED: return "frame: used after it was freed";
    default: return "?";
    }
}

static void print_global(uint64_t address)
{
    for (unsigned unit = 0; unit < unit_count; unit++)
        for (size_t i = 0; i < units[unit].count; i++) {
            const struct global *global = &units[unit].globals[i];
            if (address - global->start < global->bytes_with_zone)
                log_error("  %zu bytes from the start of %s (%zu bytes)", address - global->start, global->name,
                          global->bytes);
        }
}

// What lies there is asked of the allocators' own records; no more of them is believed than needed.
static void print_heap(uint64_t address)
{
    const struct frame *frame = frame_of((const void *)address);
    const struct slab_cache *cache = frame && frame->kind == FRAME_KERNEL ? frame->slab.cache : NULL;
    if (!cache)
        return;
    size_t offset = address & PAGE_MASK;
    log_error("  %zu bytes from the start of an object of %s (%zu bytes)",
              cache->object_bytes ? offset % cache->object_bytes : offset, cache->name, cache->object_bytes);
}

static void print_shadow(uint64_t address)
{
    enum { ROW = 16, ROWS = 3 };
    const uint8_t *middle = shadow_of(address), *row = (const uint8_t *)((uint64_t)middle & -(uint64_t)ROW) - ROW;
    for (const uint8_t *end = row + ROWS * ROW; row < end; row += ROW) {
        char line[ROW * 4 + 1];
        struct text text = {.buffer = line, .capacity = sizeof line};
        for (unsigned i = 0; i < ROW; i++)
            text_append(&text, row + i == middle ? "[%02x]" : " %02x", row[i]);
        log_error("  %016lx:%s", ((uint64_t)row - SHADOW_OFFSET) * GRANULE, line);
    }
}

// The hart that comes first speaks; others wait until panic() stops them.
static void claim_report(void)
{
    irq_push_off();
    unsigned nobody = 0;
    if (!atomic_compare_exchange_strong(&reporting, &nobody, this_hart()->index + 1))
        for (;;)
            cpu_spin_turn();
}

// => bytes 0: is being freed
static _Noreturn void report(uint64_t bad, const void *memory, size_t bytes, bool write, const void *pc)
{
    claim_report();
    uint8_t value = *shadow_of(bad);
    value = value < GRANULE ? shadow_of(bad)[1] : value;
    if (bytes)
        log_error("kasan: %s: %s of %zu byte%s at %p", kind_of(value), write ? "store" : "load", bytes,
                  bytes == 1 ? "" : "s", memory);
    else
        log_error("kasan: %s: free of %p", kind_of(value), memory);
    backtrace_print_place((uint64_t)pc);
    if (value == GLOBAL_BEHIND)
        print_global(bad);
    else if (value >= SLAB_BEHIND && value <= SLAB_FREED)
        print_heap(bad);
    print_shadow(bad);
    panic("kasan: %s", kind_of(value));
}

// --- checks -------------------------------------------------------------------------------------------------

static bool usable(uint64_t address)
{
    uint8_t value = *shadow_of(address);
    return value == 0 || (value < GRANULE && address % GRANULE < value);
}

void kasan_check(const void *memory, size_t bytes, bool write, const void *pc)
{
    enum { EIGHT = 8 * GRANULE }; // so much memory at a glance, where nothing is wrong
    uint64_t start = (uint64_t)memory, end = start + bytes < start ? UINT64_MAX : start + bytes;
    if (start < DIRECT_MAP_BASE || reporting)
        return;
    for (uint64_t at = start; at < end; at = at / GRANULE * GRANULE + GRANULE) {
        for (; at % EIGHT == 0 && end - at >= EIGHT && *(const uint64_t *)shadow_of(at) == 0; at += EIGHT)
            ;
        if (at == end)
            return;
        // The last byte of this granule that is asked for: when it may be used, so may those before it.
        uint64_t last = at | (GRANULE - 1);
        last = last < end - 1 ? last : end - 1;
        if (usable(last))
            continue;
        while (usable(at))
            at++;
        report(at, memory, bytes, write, pc);
    }
}

void kasan_check_free(const void *memory, const void *pc)
{
    if (!reporting && !usable((uint64_t)memory))
        report((uint64_t)memory, memory, 0, true, pc);
}

void shadow_fill(const void *memory, size_t bytes, uint8_t value)
{
    __real_memset(shadow_of((uint64_t)memory), value, (bytes + GRANULE - 1) / GRANULE);
}

void shadow_split(const void *memory, size_t good, size_t bytes, enum shadow_value value)
{
    size_t whole = good / GRANULE * GRANULE;
    shadow_fill(memory, whole, 0);
    shadow_fill((const char *)memory + whole, bytes - whole, (uint8_t)value);
    if (good > whole)
        *shadow_of((uint64_t)memory + whole) = (uint8_t)(good - whole);
}

// --- what the compiler calls --------------------------------------------------------------------------------

#define CHECKS(bytes)                                                                                      \
    void __asan_load##bytes(const void *memory);                                                           \
    void __asan_load##bytes(const void *memory)                                                            \
    {                                                                                                      \
        check_few(memory, bytes, false, __builtin_return_address(0));                                      \
    }                                                                                                      \
    void __asan_store##bytes(const void *memory);                                                          \
    void __asan_store##bytes(const void *memory)                                                           \
    {                                                                                                      \
        check_few(memory, bytes, true, __builtin_return_address(0));                                       \
    }

// The usual case, quickly: all in one granule, and all of that may be used.
static inline void check_few(const void *memory, size_t bytes, bool write, const void *pc)
{
    uint64_t start = (uint64_t)memory;
    if (start % GRANULE + bytes > GRANULE || (start >= DIRECT_MAP_BASE && *shadow_of(start) != 0))
        kasan_check(memory, bytes, write, pc);
}
CHECKS(1)
CHECKS(2)
CHECKS(4)
CHECKS(8)
CHECKS(16)

void __asan_loadN(const void *memory, size_t bytes);
void __asan_loadN(const void *memory, size_t bytes)
{
    kasan_check(memory, bytes, false, __builtin_return_address(0));
}

void __asan_storeN(const void *memory, size_t bytes);
void __asan_storeN(const void *memory, size_t bytes)
{
    kasan_check(memory, bytes, true, __builtin_return_address(0));
}

void __asan_register_globals(const struct global *globals, size_t count);
void __asan_register_globals(const struct global *globals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        shadow_split((const void *)globals[i].start, globals[i].bytes, globals[i].bytes_with_zone, GLOBAL_BEHIND);
    if (unit_count < sizeof(units) / sizeof(units[0])) {
        units[unit_count].globals = globals;
        units[unit_count++].count = count;
    }
}

// The frames between here and the stack's top are left behind without returning.
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
    uint64_t here = (uint64_t)__builtin_frame_address(0) / GRANULE * GRANULE, top = here;
    if (here >= KERNEL_STACK_BASE && here < KERNEL_IMAGE_BASE)
        top = (here | (2 * KERNEL_STACK_BYTES - 1)) + 1;
    else if (here >= (uint64_t)boot_stack_bottom && here < (uint64_t)boot_stack_top)
        top = (uint64_t)boot_stack_top;
    shadow_fill((const void *)here, top - here, 0);
}

#define SET_SHADOW(hex)                                                                                    \
    void __asan_set_shadow_##hex(uint8_t *shadow, size_t bytes);                                           \
    void __asan_set_shadow_##hex(uint8_t *shadow, size_t bytes)                                            \
    {                                                                                                      \
        __real_memset(shadow, 0x##hex, bytes);                                                             \
    }
SET_SHADOW(00)
SET_SHADOW(f1)
SET_SHADOW(f2)
SET_SHADOW(f3)
SET_SHADOW(f8)

// --- boot ---------------------------------------------------------------------------------------------------

typedef void constructor(void);
extern constructor *constructors_start[], *constructors_end[]; // kasan.ld: each registers the globals of a file

_Noreturn void __real_arch_boot(uint64_t hart_id, paddr_t device_tree);
_Noreturn void __wrap_arch_boot(uint64_t hart_id, paddr_t device_tree); // called by entry.S
_Noreturn void __wrap_arch_boot(uint64_t hart_id, paddr_t device_tree)
{
    shadow_early();
    stack_guard_choose();
    for (constructor **each = constructors_start; each < constructors_end; each++)
        (*each)();
    __real_arch_boot(hart_id, device_tree);
}
