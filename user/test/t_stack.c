// SPDX-License-Identifier: MIT
// The stack grows on demand, as far as it may.
#include "ktap.h"

static char *top;

static __attribute__((noinline)) int deep(int levels)
{
    volatile char frame[1024];
    for (int i = 0; i < 1024; i += 256)
        frame[i] = levels;
    int below = levels ? deep(levels - 1) : 0;
    return frame[0] == (char)levels && frame[768] == (char)levels ? below + 1 : -1000000;
}

static int go_deep(void *levels)
{
    return deep(*(int *)levels) == *(int *)levels + 1 ? 0 : 1;
}

static int touch_below(void *distance)
{
    *(volatile char *)(top - *(long *)distance) = 1;
    return 0;
}

static __attribute__((noinline)) int recurse(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = *above;
    return frame[0] ? recurse(frame) + frame[0] : 0; // it never is 0
}

static int recurse_forever(void *unused)
{
    char first = 1;
    return recurse(&first);
}

// One frame of 512 KiB: the first store is far below every page the stack had.
static int big_frame(void *unused)
{
    volatile char frame[512 << 10];
    frame[0] = 1;
    frame[sizeof frame - 1] = 2;
    return frame[0] + frame[sizeof frame - 1] == 3 && frame[200000] + 1 != 0 ? 0 : 1;
}

static int read_into_new_stack(void *fd)
{
    volatile char frame[100 << 10]; // read(2) is the first to touch it
    return read(*(int *)fd, (char *)frame, 5) == 5 && memcmp((char *)frame, "bytes", 5) == 0 ? 0 : 1;
}

int main(void)
{
    int levels = 900, ends[2];
    long far[] = {64 << 20, 16 << 20}, near = 512 << 10; // so gcc begins a large frame: first a store, then sp
    char here;
    top = &here;
    ok(exited(in_child(go_deep, &levels), 0), "900 KiB of calls");
    ok(exited(in_child(go_deep, &levels), 0), "once more, in a new child");
    ok(exited(in_child(big_frame, NULL), 0), "one frame of 512 KiB");
    ok(exited(in_child(touch_below, &near), 0), "512 KiB below the stack pointer");
    ok(killed(in_child(touch_below, &far[0]), SIGSEGV), "64 MiB below the stack is nothing");
    ok(killed(in_child(touch_below, &far[1]), SIGSEGV), "16 MiB neither");
    ok(killed(in_child(recurse_forever, NULL), SIGSEGV), "endless recursion is ended");
    must(pipe(ends) == 0 && write(ends[1], "bytes", 5) == 5, "pipe");
    ok(exited(in_child(read_into_new_stack, &ends[0]), 0), "the kernel's copy grows the stack too");
    return done();
}
