// SPDX-License-Identifier: MIT
// The heap: what lies between the end of the stack and where sbrk has moved the break.
#include "internal.h"
#include "kernel/memlayout.h"
#include "uapi/mman.h"
#include "user/user.h"

extern char kine_stack_top[];
static uint64 heap_end = (uint64)kine_stack_top;

static int resident(uint64 page)
{
    uchar is = 0;
    return KERNEL(SYS_mincore, page, PGSIZE, &is) == 0 && is & 1;
}

// MAP_POPULATE goes from bottom to top and stops where no memory is left: with the last page we have all.
static int add_pages(uint64 from, uint64 to, int lazy)
{
    long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | (lazy ? MAP_NORESERVE : MAP_POPULATE);
    if (from == to)
        return 0;
    if (KERNEL(SYS_mmap, from, to - from, PROT_READ | PROT_WRITE, flags, -1, 0) < 0)
        return -1;
    if (lazy || resident(to - PGSIZE))
        return 0;
    KERNEL(SYS_munmap, from, to - from);
    return -1;
}

static int drop_pages(uint64 from, uint64 to)
{
    return from == to ? 0 : result_of(KERNEL(SYS_munmap, from, to - from));
}

static char *move_break(int bytes, int lazy)
{
    uint64 old = heap_end, new = old + (uint64)(long)bytes;
    if (new < (uint64)kine_stack_top || new > TRAPFRAME)
        return SBRK_ERROR;
    int error = bytes > 0 ? add_pages(PGROUNDUP(old), PGROUNDUP(new), lazy)
                          : drop_pages(PGROUNDUP(new), PGROUNDUP(old));
    if (error)
        return SBRK_ERROR;
    heap_end = new;
    return (char *)old;
}

char *sbrk(int bytes)
{
    return move_break(bytes, 0);
}

char *sbrklazy(int bytes)
{
    return move_break(bytes, 1);
}

void *mmap(void *address, uint64 bytes, int protection, int flags, int fd, uint64 offset)
{
    long result = KERNEL(SYS_mmap, address, bytes, protection, flags, fd, offset);
    return (void *)(result < 0 ? -1 : result);
}

int munmap(void *address, uint64 bytes)
{
    return result_of(KERNEL(SYS_munmap, address, bytes));
}

// --- what the program points to
// ---------------------------------------------------------------------------------

int kine_may_read(const void *address, long bytes)
{
    uint64 first = PGROUNDDOWN((uint64)address), end = (uint64)address + (uint64)bytes;
    uchar is;
    for (uint64 page = first; page < end; page += PGSIZE)
        if (page >= MAXVA || KERNEL(SYS_mincore, page, PGSIZE, &is) < 0)
            return 0;
    return end >= first;
}

int kine_may_write(void *address, long bytes)
{
    return KERNEL(SYS_getrandom, address, bytes, 0) == bytes;
}

long kine_text_bytes(const char *text, long most)
{
    for (long bytes = 0; bytes <= most; bytes++) {
        if ((bytes == 0 || (uint64)(text + bytes) % PGSIZE == 0) && !kine_may_read(text + bytes, 1))
            return -1;
        if (!text[bytes])
            return bytes;
    }
    return most;
}
