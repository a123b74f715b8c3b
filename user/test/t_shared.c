// SPDX-License-Identifier: MIT
// Shared mappings: of files, of memory without a file, of memfd_create and /dev/zero; SIGBUS, msync, truncation.
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

// A new file `name`, `bytes` long.
static int make(const char *name, size_t bytes)
{
    int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, (off_t)bytes) == 0, name);
    return fd;
}

static char *map(int fd, size_t bytes, int protection, int flags)
{
    char *memory = mmap(NULL, bytes, protection, flags, fd, 0);
    must(memory != MAP_FAILED, "mmap");
    return memory;
}

#define RW (PROT_READ | PROT_WRITE)

// --- a file -------------------------------------------------------------------------------------------------

static int write_third_page(void *memory)
{
    strcpy((char *)memory + 2 * PAGE, "from the child");
    return strcmp(memory, "from the parent");
}

static void files(void)
{
    char text[32];
    int fd = make("file", 4 * PAGE);
    char *memory = map(fd, 4 * PAGE, RW, MAP_SHARED);
    strcpy(memory, "from the parent");
    ok(pread(fd, text, sizeof text, 0) == sizeof text && !strcmp(text, "from the parent"), "read(2) sees a store");
    must(pwrite(fd, "written", 8, PAGE) == 8, "pwrite");
    ok(!strcmp(memory + PAGE, "written"), "the mapping sees write(2)");
    ok(exited(in_child(write_third_page, memory), 0), "a child sees the parent's store");
    ok(!strcmp(memory + 2 * PAGE, "from the child"), "the parent sees the child's");
    char *second = map(fd, 4 * PAGE, RW, MAP_SHARED), *private = map(fd, 4 * PAGE, RW, MAP_PRIVATE);
    second[3 * PAGE] = 5;
    ok(memory[3 * PAGE] == 5 && private[3 * PAGE] == 5, "two mappings of one page");
    private[3 * PAGE] = 6;
    ok(memory[3 * PAGE] == 5 && second[3 * PAGE] == 5, "a private one keeps its stores");
    ok(msync(memory, 4 * PAGE, MS_SYNC) == 0 && fsync(fd) == 0, "msync, fsync");
    memory[3 * PAGE] = 7; // after it was written back
    ok(msync(memory, 4 * PAGE, MS_ASYNC | MS_INVALIDATE) == 0 && pread(fd, text, 1, 3 * PAGE) == 1 && text[0] == 7,
       "a store after write-back is seen as well");
    must(munmap(memory, 4 * PAGE) == 0 && munmap(second, 4 * PAGE) == 0, "munmap");
    ok(pread(fd, text, 1, 3 * PAGE) == 1 && text[0] == 7 && private[3 * PAGE] == 6, "and stays after munmap");
    munmap(private, 4 * PAGE);
    memory = map(fd, 4 * PAGE, RW, MAP_SHARED_VALIDATE | MAP_POPULATE | MAP_NORESERVE);
    close(fd);
    ok(unlink("file") == 0 && !strcmp(memory, "from the parent"), "it outlives close and unlink");
    strcpy(memory, "still here");
    ok(!strcmp(memory, "still here") && munmap(memory, 4 * PAGE) == 0, "and can be written");
}

static void rights(void)
{
    int fd = make("rights", PAGE), reader = open("rights", O_RDONLY), writer = open("rights", O_WRONLY);
    fails((long)mmap(NULL, PAGE, RW, MAP_SHARED, reader, 0), EACCES, "writable, of a file open for reading");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, writer, 0), EACCES, "of a file open for writing only");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES, "a private one, too");
    char *memory = map(reader, PAGE, PROT_READ, MAP_SHARED);
    fails(mprotect(memory, PAGE, RW), EACCES, "made writable later");
    ok(killed(in_child(store, memory), SIGSEGV), "read-only it stays");
    char *private = map(reader, PAGE, RW, MAP_PRIVATE);
    *private = 1;
    ok(*memory == 0, "a private one may be written");
    munmap(memory, PAGE);
    memory = map(fd, PAGE, PROT_READ, MAP_SHARED);
    ok(mprotect(memory, PAGE, RW) == 0 && (*memory = 3), "of a file open for both: made writable");
    ok(mprotect(memory, PAGE, PROT_READ) == 0 && killed(in_child(store, memory), SIGSEGV), "and read-only again");
    ok(mprotect(memory, PAGE, PROT_NONE) == 0 && killed(in_child(load, memory), SIGSEGV), "and nothing");
    ok(mprotect(memory, PAGE, RW) == 0 && *memory == 3, "its bytes are where they were");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | 1 << 28, fd, 0), EOPNOTSUPP,
          "MAP_SHARED_VALIDATE with a flag nobody knows");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_ANONYMOUS, -1, 0), EINVAL,
          "MAP_SHARED_VALIDATE without a file");
    int ends[2], directory = open(".", O_RDONLY), text = open("/proc/uptime", O_RDONLY);
    must(pipe(ends) == 0 && directory >= 0 && text >= 0, "open");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ends[0], 0), ENODEV, "a pipe");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0), ENODEV, "a directory");
    fails((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, text, 0), ENODEV, "a file of /proc");
    close(ends[0]), close(ends[1]), close(directory), close(text);
    fails(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL, "msync, sync and async");
    fails(msync(memory, PAGE, 8), EINVAL, "msync with an unknown flag");
    fails(msync(memory + 1, PAGE, MS_SYNC), EINVAL, "msync at an odd address");
    munmap(memory, PAGE);
    fails(msync(memory, PAGE, MS_SYNC), ENOMEM, "msync of nothing");
    close(fd), close(reader), close(writer);
}

// --- the end of the file ------------------------------------------------------------------------------------

static void the_end(void)
{
    char byte = 1;
    int fd = make("end", PAGE + 100);
    char *memory = map(fd, 4 * PAGE, RW, MAP_SHARED), *private = map(fd, 4 * PAGE, RW, MAP_PRIVATE);
    memory[PAGE + 99] = 1;
    memory[PAGE + 100] = 2; // behind the end, in its page
    private[PAGE] = 9;
    ok(killed(in_child(load, memory + 2 * PAGE), SIGBUS) && killed(in_child(store, memory + 2 * PAGE), SIGBUS),
       "SIGBUS past the end of the file");
    ok(killed(in_child(load, private + 2 * PAGE), SIGBUS), "in a private mapping, too");
    fails(syscall(SYS_getcwd, memory + 3 * PAGE, PAGE), EFAULT, "the kernel gets EFAULT there");
    ok(ftruncate(fd, 3 * PAGE) == 0 && memory[PAGE + 99] == 1 && memory[PAGE + 100] == 0,
       "the file grows: what was stored behind its end is gone");
    memory[2 * PAGE] = 3;
    ok(pread(fd, &byte, 1, 2 * PAGE) == 1 && byte == 3, "and the new page is there");
    ok(killed(in_child(load, memory + 3 * PAGE), SIGBUS), "the one behind is not");
    ok(ftruncate(fd, PAGE + 50) == 0 && killed(in_child(load, memory + 2 * PAGE), SIGBUS), "truncation unmaps");
    ok(memory[PAGE + 49] == 0 && memory[PAGE + 99] == 0 && private[PAGE] == 9, "clears the tail, spares copies");
    ok(ftruncate(fd, 4 * PAGE) == 0 && filled(memory + PAGE, 0, 3 * PAGE), "longer again: all zero");
    memory[PAGE] = 4, memory[3 * PAGE] = 5;
    ok(ftruncate(fd, 0) == 0 && killed(in_child(store, memory), SIGBUS), "empty");
    ok(pwrite(fd, "x", 1, 3 * PAGE) == 1 && memory[3 * PAGE] == 'x' && filled(memory, 0, 3 * PAGE), "written far out");
    memory[3 * PAGE + 1] = 'y', memory[3 * PAGE + 5] = 'y'; // behind the end
    ok(pwrite(fd, "z", 1, 3 * PAGE + 4) == 1 && memory[3 * PAGE + 1] == 0, "a write behind the end leaves zeros");
    munmap(memory, 4 * PAGE), munmap(private, 4 * PAGE);
    close(fd);
}

// --- memory without a file -----------------------------------------------------------------------------------

static int count_up(void *memory)
{
    for (int i = 0; i < 1000; i++)
        __atomic_fetch_add((int *)memory, 1, __ATOMIC_RELAXED);
    return 0;
}

static int grandchild(void *memory)
{
    ((char *)memory)[3 * PAGE] = 8;
    return in_child(store, (char *)memory + 2 * PAGE);
}

static void memory_for_all(void)
{
    char *memory = map(-1, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
    ok(filled(memory, 0, 2 * PAGE), "shared memory is zero");
    pid_t children[4];
    for (int i = 0; i < 4; i++)
        children[i] = start(count_up, memory);
    for (int i = 0; i < 4; i++)
        must(exited(reap(children[i]), 0), "child");
    ok(*(int *)memory == 4000, "four children count in it");
    ok(exited(in_child(grandchild, memory), 0) && memory[2 * PAGE] == 1 && memory[3 * PAGE] == 8,
       "a grandchild's store is seen");
    ok(munmap(memory + PAGE, PAGE) == 0 && *(int *)memory == 4000, "a hole in it");
    ok(madvise(memory + 2 * PAGE, PAGE, MADV_DONTNEED) == 0 && memory[2 * PAGE] == 1, "MADV_DONTNEED keeps it");
    fails(madvise(memory + 2 * PAGE, PAGE, MADV_FREE), EINVAL, "MADV_FREE is for private memory");
    munmap(memory, 4 * PAGE);
    fails((long)mmap(NULL, 1UL << 36, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), ENOMEM, "more than there is");

    int zero = open("/dev/zero", O_RDWR);
    char *shared = map(zero, 2 * PAGE, RW, MAP_SHARED), *private = map(zero, 2 * PAGE, RW, MAP_PRIVATE);
    ok(filled(shared, 0, 2 * PAGE) && filled(private, 0, 2 * PAGE), "/dev/zero is zero");
    ok(exited(in_child(store, shared), 0) && *shared == 1, "shared with a child");
    ok(exited(in_child(store, private), 0) && *private == 0, "or private");
    char *other = map(zero, PAGE, RW, MAP_SHARED);
    ok(*other == 0, "each mapping is memory of its own");
    munmap(shared, 2 * PAGE), munmap(private, 2 * PAGE), munmap(other, PAGE);
    close(zero);
}

static void memfd(void)
{
    struct stat stat;
    char text[8] = "";
    int fd = memfd_create("name", MFD_CLOEXEC);
    ok(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) == (O_RDWR | O_LARGEFILE), "memfd_create");
    ok(fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size == 0, "an empty regular file");
    ok(write(fd, "hello", 5) == 5 && lseek(fd, 0, SEEK_SET) == 0 && read(fd, text, 8) == 5 && !strcmp(text, "hello"),
       "write and read");
    ok(ftruncate(fd, 3 * PAGE) == 0 && fsync(fd) == 0, "ftruncate, fsync");
    char *memory = map(fd, 3 * PAGE, RW, MAP_SHARED), *private = map(fd, 3 * PAGE, RW, MAP_PRIVATE);
    ok(!strcmp(memory, "hello") && filled(memory + 5, 0, 3 * PAGE - 5), "mapped");
    strcpy(memory + 2 * PAGE, "there");
    ok(pread(fd, text, 6, 2 * PAGE) == 6 && !strcmp(text, "there"), "a store is read");
    *private = 'J';
    ok(*memory == 'h', "private mappings of it");
    sync();
    must(ftruncate(fd, PAGE) == 0, "ftruncate");
    ok(killed(in_child(load, memory + PAGE), SIGBUS) && memory[0] == 'h', "truncated");
    close(fd);
    ok(exited(in_child(store, memory), 0) && *memory == 1, "after close shared all the same");
    munmap(memory, 3 * PAGE), munmap(private, 3 * PAGE);
    fd = memfd_create("", MFD_ALLOW_SEALING);
    ok(fd >= 0 && close(fd) == 0, "MFD_ALLOW_SEALING and an empty name");
    fails(memfd_create("name", 0x80), EINVAL, "memfd_create with an unknown flag");
    fails(memfd_create(NULL, 0), EFAULT, "memfd_create without a name");
    char name[300];
    memset(name, 'n', sizeof name);
    name[250] = '\0';
    fails(memfd_create(name, 0), EINVAL, "memfd_create with a long name");
    name[249] = '\0';
    fd = memfd_create(name, 0);
    ok(fd >= 0 && close(fd) == 0, "with one just short enough");
}

int main(void)
{
    work_in("t_shared");
    files();
    rights();
    the_end();
    memory_for_all();
    memfd();
    return done();
}
