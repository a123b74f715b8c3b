// SPDX-License-Identifier: MIT
// Every way in which a change of mappings can run out of memory: failnth.h. What failed has changed nothing.
#include "failnth_memory.h"

static int map_anonymous(void)
{
    void *more = mmap(NULL, SPAN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return more == MAP_FAILED ? errno : munmap(more, SPAN) ? error_of(-1) : 0;
}

static int map_over(void)
{
    return mmap(span(0) + PAGE, SPAN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED
               ? errno
               : 0;
}

static int map_hole(void)
{
    return mmap(span(0) + PAGE, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED
               ? errno
               : 0;
}

static int unmap_middle(void)
{
    return error_of(munmap(span(0) + PAGE, SPAN));
}

static int protect_middle(void)
{
    return error_of(mprotect(span(0) + PAGE, SPAN, PROT_READ));
}

static int discard_middle(void)
{
    return error_of(madvise(span(0) + PAGE, SPAN, MADV_DONTNEED));
}

static int move_elsewhere(void)
{
    char *to = span(8);
    return mremap(span(0) + PAGE, SPAN, SPAN + 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED
               ? errno
           : to[PAGE] == 'p' ? 0
                             : WRONG;
}

static int write_out(void)
{
    *span(1) = 's';
    return error_of(msync(span(1), PAGE, MS_SYNC));
}

static uintptr_t heap;

static int move_break(void)
{
    heap = syscall(SYS_brk, 0);
    uintptr_t end = heap + SPAN;
    if ((uintptr_t)syscall(SYS_brk, end) != end)
        return ENOMEM;
    *(char *)(end - 8) = 'b';
    return (uintptr_t)syscall(SYS_brk, heap) == heap ? 0 : ENOMEM;
}

static void restore_break(void)
{
    must((uintptr_t)syscall(SYS_brk, heap) == heap, "brk");
}

static int take_from_the_middle(void)
{
    if (munmap(span(1) + 5 * PAGE, 3 * PAGE))
        return errno;
    return span(1)[4 * PAGE] == 'm' && span(1)[8 * PAGE] == 'm' ? 0 : WRONG;
}

static const struct operation operations[] = {
    {"mmap, munmap", .run = map_anonymous},
    {"mmap over what is there", shared_with_child, map_over, .finish = child_ends, .unharmed = much_unharmed},
    {"munmap in the middle", shared_with_child, unmap_middle, .finish = child_ends,
     .unharmed = much_unharmed},
    {"munmap in a 2 MiB page", mega_is_there, take_from_the_middle, .finish = unmap,
     .unharmed = mega_unharmed},
    {"mprotect in the middle", shared_with_child, protect_middle, .finish = child_ends,
     .unharmed = much_unharmed},
    {"madvise(MADV_DONTNEED)", shared_with_child, discard_middle, .finish = child_ends,
     .unharmed = much_unharmed},
    {"mremap", shared_with_child, move_elsewhere, .finish = child_ends, .unharmed = much_unharmed},
    {"mmap over a shared file", hole_shared, map_hole, .finish = close_hole},
    {"munmap in a shared file", hole_shared, unmap_middle, .finish = close_hole},
    {"msync", hole_shared, write_out, .finish = close_hole},
    {"brk", .run = move_break, .finish = restore_break},
};

int main(void)
{
    return sweep_all("failnth_map", operations, sizeof operations / sizeof *operations);
}
