// SPDX-License-Identifier: MIT
// brk: the heap grows zeroed, shrinks to nothing, and keeps to its place.
#include "ktap.h"

static char *base;

static int touch_at(void *address)
{
    *(volatile char *)address = 1;
    return 0;
}

static int grow_and_check(void *pages)
{
    size_t bytes = *(int *)pages * (size_t)PAGE;
    char *heap = sbrk(bytes);
    if (heap == (void *)-1 || !filled(heap, 0, bytes))
        return 1;
    for (size_t i = 0; i < bytes; i += PAGE)
        heap[i] = i / PAGE;
    for (size_t i = 0; i < bytes; i += PAGE)
        if (heap[i] != (char)(i / PAGE))
            return 2;
    return 0;
}

int main(void)
{
    int pages = 1000;
    base = sbrk(0);
    ok(sbrk(0) == base, "the break stays");
    char *page = (char *)(((unsigned long)base + PAGE - 1) & -(unsigned long)PAGE);
    ok(sbrk(page + 3 * PAGE - base) == base && sbrk(0) == page + 3 * PAGE, "three pages more");
    ok(filled(page, 0, 3 * PAGE), "they are zero");
    memset(page, 0xaa, 3 * PAGE);
    ok(sbrk(-2 * PAGE) == page + 3 * PAGE && page[PAGE - 1] == (char)0xaa, "two pages less");
    ok(killed(in_child(touch_at, page + PAGE), SIGSEGV), "what was given back is gone");
    ok(sbrk(2 * PAGE) == page + PAGE && filled(page + PAGE, 0, 2 * PAGE), "and comes back as zero");
    ok(sbrk(100) == page + 3 * PAGE && sbrk(-100) == page + 3 * PAGE + 100, "by bytes");
    ok(exited(in_child(grow_and_check, &pages), 0), "a thousand pages in a child");
    ok(sbrk(0) == page + 3 * PAGE, "do not move the parent's break");
    fails((long)sbrk(1L << 40), ENOMEM, "beyond the user range");
    ok((char *)syscall(SYS_brk, 0x1000) == page + 3 * PAGE, "below the program: nothing changes");
    ok((char *)syscall(SYS_brk, -1L) == page + 3 * PAGE, "at the end of all addresses: nothing changes");
    return done();
}
