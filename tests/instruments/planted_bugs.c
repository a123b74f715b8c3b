// SPDX-License-Identifier: MIT
//
// Bugs that kasan or the strict machine must notice, at the lines that say so (planted.py). Called by
// planted.c.

#include "tests/instruments/planted.h"

#include "arch/types.h"
#include "arch/uaccess.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"

#define OBJECT_BYTES 40

// The compiler knows nothing of what a pointer that came through here points to.
static char *hidden(void *memory)
{
    __asm__ volatile("" : "+r"(memory) : : "memory");
    return memory;
}

static char *object(void)
{
    char *neighbour = kmalloc(OBJECT_BYTES); // so that its slab stays
    return neighbour ? hidden(kmalloc(OBJECT_BYTES)) : NULL;
}

static void slab_used_after_free(void)
{
    char *memory = object();
    kfree(memory);
    memory[8] = 1; // planted: slab-use
}

static void slab_freed_twice(void)
{
    char *memory = object();
    kfree(memory);
    kfree(memory); // planted: slab-twice
}

static void slab_overrun(void)
{
    char *memory = object();
    memory[OBJECT_BYTES] = 1; // planted: slab-overrun
}

static void slab_overrun_by_memset(void)
{
    char *memory = object();
    memset(memory, 0, OBJECT_BYTES + 1); // planted: slab-memset
}

static void slab_overrun_by_user(void)
{
    char *memory = object();
    arch_copy_from_user(memory, USER_START, OBJECT_BYTES + 1); // planted: slab-user
}

static void block_overrun(void)
{
    char *memory = hidden(kmalloc(PAGE_SIZE + 100));
    memory[PAGE_SIZE + 100] = 1; // planted: block-overrun
}

static void frame_used_after_free(void)
{
    struct frame *frame = frame_alloc(FRAME_KERNEL, 0, 0);
    char *memory = hidden(frame_memory(frame));
    frame_put(frame);
    frame_let_go(&(struct frame *){frame_alloc(FRAME_KERNEL, 0, 0)}); // which is another one
    log_info("%d", memory[PAGE_SIZE - 1]);                            // planted: frame-use
}

static void stack_overrun(void)
{
    char array[13];
    hidden(array)[sizeof array] = 1; // planted: stack-overrun
}

static void stack_out_of_scope(void)
{
    char *outlives;
    {
        char array[13];
        outlives = hidden(array);
    }
    *outlives = 1; // planted: stack-scope
}

static char global[13];

static void global_overrun(void)
{
    hidden(global)[sizeof global] = 1; // planted: global-overrun
}

// Past everything that looks at loads and stores. The pair of return address and frame pointer is spared.
static void stack_smashed(void) // planted: stack-smash
{
    char array[16];
    char *end = (char *)__builtin_frame_address(0) - 16;
    for (char *byte = hidden(array); byte < end; byte++)
        __asm__ volatile("sb zero, (%0)" : : "r"(byte) : "memory");
}

static const struct {
    const char *name;
    void (*run)(void);
} bugs[] = {
    {"slab-use", slab_used_after_free},   {"slab-twice", slab_freed_twice},
    {"slab-overrun", slab_overrun},       {"slab-memset", slab_overrun_by_memset},
    {"slab-user", slab_overrun_by_user},  {"block-overrun", block_overrun},
    {"frame-use", frame_used_after_free}, {"stack-overrun", stack_overrun},
    {"stack-scope", stack_out_of_scope},  {"global-overrun", global_overrun},
    {"stack-smash", stack_smashed},
};

void plant_run(const char *name)
{
    for (size_t i = 0; i < sizeof bugs / sizeof bugs[0]; i++)
        if (strcmp(name, bugs[i].name) == 0)
            bugs[i].run();
}
