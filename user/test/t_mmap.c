// SPDX-License-Identifier: MIT
// mmap, munmap, mprotect: anonymous memory and private mappings of files.
#include <sys/mman.h>
#include "ktap.h"

static int store(void *address)
{
    *(volatile char *)address = 1;
    return 0;
}

static int load(void *address)
{
    (void)*(volatile char *)address;
    return 0;
}

static char *map(size_t pages, int protection)
{
    char *memory = mmap(NULL, pages * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    return memory;
}

static void anonymous(void)
{
    char *memory = map(8, PROT_READ | PROT_WRITE);
    ok(((unsigned long)memory & (PAGE - 1)) == 0 && filled(memory, 0, 8 * PAGE), "anonymous memory is zero");
    memset(memory, 7, 8 * PAGE);
    ok(munmap(memory + 3 * PAGE, 2 * PAGE) == 0, "a hole in the middle");
    ok(killed(in_child(load, memory + 3 * PAGE), SIGSEGV) &&
           killed(in_child(load, memory + 5 * PAGE - 1), SIGSEGV),
       "is not there");
    ok(filled(memory, 7, 3 * PAGE) && filled(memory + 5 * PAGE, 7, 3 * PAGE), "its neighbours are");
    char *hole = mmap(memory + 3 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ok(hole == memory + 3 * PAGE && filled(hole, 0, 2 * PAGE), "MAP_FIXED fills it with zeros");
    ok(munmap(memory, 8 * PAGE) == 0 && munmap(memory, 8 * PAGE) == 0, "munmap twice");
    ok(killed(in_child(store, memory), SIGSEGV), "all is gone");
    fails(munmap(memory + 1, PAGE), EINVAL, "munmap at an odd address");
    fails((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL, "mmap of nothing");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL, "neither shared nor private");
    fails((long)mmap(NULL, 1UL << 47, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM,
          "more than there is room");
}

static void protections(void)
{
    char *memory = map(4, PROT_READ | PROT_WRITE);
    memset(memory, 3, 4 * PAGE);
    ok(mprotect(memory + PAGE, 2 * PAGE, PROT_READ) == 0 && memory[PAGE] == 3, "read-only pages can be read");
    ok(killed(in_child(store, memory + PAGE), SIGSEGV), "not written");
    ok(exited(in_child(store, memory), 0) && exited(in_child(store, memory + 3 * PAGE), 0),
       "those around them can");
    ok(mprotect(memory + PAGE, PAGE, PROT_NONE) == 0 && killed(in_child(load, memory + PAGE), SIGSEGV),
       "PROT_NONE");
    ok(mprotect(memory, 4 * PAGE, PROT_READ | PROT_WRITE) == 0 && filled(memory, 3, 4 * PAGE),
       "and all as it was");
    memory[PAGE] = 4;
    ok(memory[PAGE] == 4 && exited(in_child(store, memory + PAGE), 0) && memory[PAGE] == 4,
       "written again, and by a child");
    munmap(memory + 2 * PAGE, PAGE);
    fails(mprotect(memory, 4 * PAGE, PROT_READ), ENOMEM, "mprotect over a hole");
    char *none = map(1, PROT_NONE);
    ok(killed(in_child(load, none), SIGSEGV), "memory mapped without any right");
    fails(syscall(SYS_getcwd, none, PAGE), EFAULT, "nor may the kernel write there");
}

static void files(void)
{
    char byte, *text;
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, 2 * PAGE + 100) == 0 && pwrite(fd, "begin", 5, 0) == 5, "file");
    must(pwrite(fd, "second", 6, PAGE) == 6 && pwrite(fd, "end", 3, 2 * PAGE + 97) == 3, "file");
    text = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (!ok(text != MAP_FAILED, "a private mapping of a file"))
        return;
    ok(memcmp(text, "begin", 5) == 0 && memcmp(text + 2 * PAGE + 97, "end\0\0\0", 6) == 0,
       "shows its bytes, then zeros");
    text[0] = 'X';
    ok(pread(fd, &byte, 1, 0) == 1 && byte == 'b', "a write stays out of the file");
    ok(exited(in_child(store, text + PAGE), 0) && text[PAGE] == 's', "a child's write stays with the child");
    must(pread(fd, text + PAGE, 5, 0) == 5, "pread");
    ok(memcmp(text + PAGE, "begind", 6) == 0 && pread(fd, &byte, 1, PAGE) == 1 && byte == 's',
       "read(2) into it too");
    char *second = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
    close(fd);
    ok(second != MAP_FAILED && memcmp(second, "second", 6) == 0, "from an offset, after close");
    ok(killed(in_child(store, second), SIGSEGV), "read-only is read-only");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0), EBADF, "of a closed file");
    fd = open("file", O_RDONLY);
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL, "from an odd offset");
    ok(munmap(text, 3 * PAGE) == 0 && munmap(second, PAGE) == 0, "unmapped");
}

int main(void)
{
    work_in("t_mmap");
    anonymous();
    protections();
    files();
    return done();
}
