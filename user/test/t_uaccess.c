// SPDX-License-Identifier: MIT
// Every system call that takes a pointer, with pointers that lie: EFAULT, never a crash, never a wrong
// success. BAD in the table marks the argument that is replaced by each bad address in turn. A call that Kine
// does not have (ENOSYS) is shown as skipped.
#include <sys/mman.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include "ktap.h"

#define BAD    0x0badbadbad0000L
#define PATH   ((long)"/")
#define BUFFER ((long)buffer)

static char buffer[2 * PAGE] __attribute__((aligned(4096)));
static const char constant[PAGE] __attribute__((aligned(4096))) = {1};
static int file, directory, ends[2];
static struct iovec liar;

struct probe {
    const char *name;
    bool kernel_writes; // then a read-only page is a bad address too
    long number, arguments[6];
};

static const long everywhere_bad[] = {8,
                                      0xfff0,
                                      0x4000000000,
                                      0x7fffffffffffffff,
                                      0x4000000000000000,
                                      (long)0xffffffc000000000,
                                      (long)0xffffffff80000000,
                                      -4096,
                                      -8,
                                      -1};

static bool is_fault(const struct probe *probe, long address)
{
    long a[6];
    for (int i = 0; i < 6; i++)
        a[i] = probe->arguments[i] == BAD ? address : probe->arguments[i];
    errno = 0;
    long result = syscall(probe->number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result == -1 && errno == EFAULT)
        return true;
    printf("# %s at %#lx: %ld, %s\n", probe->name, address, result, strerror(errno));
    return false;
}

static void check(const struct probe *probe)
{
    if (syscall(probe->number, -1, -1, -1, -1, -1, -1) == -1 && errno == ENOSYS) {
        skip(probe->name, "no such call");
        return;
    }
    bool good = true;
    for (size_t i = 0; i < sizeof everywhere_bad / sizeof *everywhere_bad; i++)
        good &= is_fault(probe, everywhere_bad[i]);
    if (probe->kernel_writes)
        good = is_fault(probe, (long)constant) && is_fault(probe, (long)check) && good;
    ok(good, "%s", probe->name);
}

// Where the good memory ends in the middle of a transfer: what was moved is right, or nothing was.
static void across_the_edge(void)
{
    char *memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED && munmap(memory + PAGE, PAGE) == 0, "mmap");
    memset(memory, 'm', PAGE);
    must(pwrite(file, "0123456789", 10, 0) == 10, "pwrite");
    long got = pread(file, memory + PAGE - 4, 10, 0);
    ok((got == 4 && memcmp(memory + PAGE - 4, "0123", 4) == 0) || (got == -1 && errno == EFAULT),
       "read over the edge");
    got = write(ends[1], memory + PAGE - 4, 10);
    ok(got == 4 || (got == -1 && errno == EFAULT), "write over the edge");
    if (got > 0)
        ok(read(ends[0], buffer, 10) == got && filled(buffer, 'm', got), "moved only what was there");
    fails(syscall(SYS_newfstatat, AT_FDCWD, "/", memory + PAGE - 8, 0), EFAULT, "a structure over the edge");
    struct winsize before, after;
    int console = open("/dev/console", O_RDWR);
    must(console >= 0 && syscall(SYS_ioctl, console, TIOCGWINSZ, &before) == 0, "console");
    fails(syscall(SYS_ioctl, console, TIOCSWINSZ, memory + PAGE - 4), EFAULT, "a setting over the edge");
    must(syscall(SYS_ioctl, console, TIOCGWINSZ, &after) == 0, "console");
    ok(memcmp(&before, &after, sizeof before) == 0, "is not half made");
    memset(memory + PAGE - 8, '/', 8);
    fails(syscall(SYS_chdir, memory + PAGE - 8), EFAULT, "a path that does not end");
    strcpy(memory + PAGE - 2, "/");
    ok(chdir(memory + PAGE - 2) == 0, "a path that ends at the last byte");
    got = pwrite(file, (void *)0x3ffffffffe, 16, 0);
    ok(got == 2 || (got == -1 && errno == EFAULT), "write over the top of the user range");
    got = pread(file, buffer, -1L, 90);
    ok(got == 10 || (got == -1 && (errno == EFAULT || errno == EINVAL)),
       "read as much as there are addresses");
}

static void file_calls(void)
{
    const long cwd = AT_FDCWD, vector = (long)&liar;
    const struct probe probes[] = {
        {"read from a file", true, SYS_pread64, {file, BAD, 10, 0}},
        {"write to a file", false, SYS_pwrite64, {file, BAD, 10, 0}},
        {"write to a pipe", false, SYS_write, {ends[1], BAD, 10}},
        {"readv, the vector", false, SYS_readv, {file, BAD, 1}},
        {"writev, the vector", false, SYS_writev, {file, BAD, 1}},
        {"getdents64", true, SYS_getdents64, {directory, BAD, 1000}},
        {"fstat", true, SYS_fstat, {file, BAD}},
        {"newfstatat, the path", false, SYS_newfstatat, {cwd, BAD, BUFFER, 0}},
        {"newfstatat, the result", true, SYS_newfstatat, {cwd, PATH, BAD, 0}},
        {"statx", true, SYS_statx, {cwd, PATH, 0, 0x7ff, BAD}},
        {"statfs", true, SYS_statfs, {PATH, BAD}},
        {"openat", false, SYS_openat, {cwd, BAD, O_RDONLY, 0}},
        {"openat with O_CREAT", false, SYS_openat, {cwd, BAD, O_RDWR | O_CREAT, 0600}},
        {"mkdirat", false, SYS_mkdirat, {cwd, BAD, 0700}},
        {"unlinkat", false, SYS_unlinkat, {cwd, BAD, 0}},
        {"linkat, from", false, SYS_linkat, {cwd, BAD, cwd, (long)"new", 0}},
        {"linkat, to", false, SYS_linkat, {cwd, (long)"file", cwd, BAD, 0}},
        {"symlinkat, the target", false, SYS_symlinkat, {BAD, cwd, (long)"new"}},
        {"symlinkat, the name", false, SYS_symlinkat, {PATH, cwd, BAD}},
        {"readlinkat, the path", false, SYS_readlinkat, {cwd, BAD, BUFFER, 100}},
        {"renameat2, from", false, SYS_renameat2, {cwd, BAD, cwd, (long)"new", 0}},
        {"renameat2, to", false, SYS_renameat2, {cwd, (long)"file", cwd, BAD, 0}},
        {"faccessat", false, SYS_faccessat, {cwd, BAD, 0}},
        {"fchmodat", false, SYS_fchmodat, {cwd, BAD, 0600}},
        {"utimensat, the path", false, SYS_utimensat, {cwd, BAD, 0, 0}},
        {"utimensat, the times", false, SYS_utimensat, {cwd, (long)"file", BAD, 0}},
        {"chdir", false, SYS_chdir, {BAD}},
        {"getcwd", true, SYS_getcwd, {BAD, 100}},
    };
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        check(&probes[i]);
    lseek(file, 0, SEEK_SET);
    fails(syscall(SYS_writev, file, vector, 1), EFAULT, "writev, a base inside");
    fails(syscall(SYS_readv, file, vector, 1), EFAULT, "readv, a base inside");
}

static void process_calls(void)
{
    const long self[] = {(long)"x", 8, 0};
    const struct probe probes[] = {
        {"pipe2", true, SYS_pipe2, {BAD, 0}},
        {"execve, the path", false, SYS_execve, {BAD, 0, 0}},
        {"execve, argv", false, SYS_execve, {(long)"/bin/true", BAD, 0}},
        {"execve, envp", false, SYS_execve, {(long)"/bin/true", 0, BAD}},
        {"uname", true, SYS_uname, {BAD}},
        {"sysinfo", true, SYS_sysinfo, {BAD}},
        {"clock_gettime", true, SYS_clock_gettime, {CLOCK_MONOTONIC, BAD}},
        {"nanosleep", false, SYS_nanosleep, {BAD, 0}},
        {"clock_nanosleep", false, SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, BAD, 0}},
        {"getrandom", true, SYS_getrandom, {BAD, 16, 0}},
        {"prlimit64, the new", false, SYS_prlimit64, {0, 7, BAD, 0}},
        {"prlimit64, the old", true, SYS_prlimit64, {0, 7, 0, BAD}},
        {"getrusage", true, SYS_getrusage, {0, BAD}},
        {"rt_sigaction, the new", false, SYS_rt_sigaction, {SIGUSR1, BAD, 0, 8}},
        {"rt_sigaction, the old", true, SYS_rt_sigaction, {SIGUSR1, 0, BAD, 8}},
        {"rt_sigprocmask", true, SYS_rt_sigprocmask, {0, 0, BAD, 8}},
        {"ppoll", false, SYS_ppoll, {BAD, 1, 0, 0, 8}},
    };
    for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
        check(&probes[i]);
    fails(syscall(SYS_execve, "/bin/true", self, 0), EFAULT, "execve, a string inside argv");
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    long result = syscall(SYS_wait4, pid, 8, 0, 0);
    ok(result == -1 && errno == EFAULT && waitpid(-1, NULL, WNOHANG) <= 0,
       "wait4: EFAULT, and the child is gone or told");
}

int main(void)
{
    work_in("t_uaccess");
    file = open("file", O_RDWR | O_CREAT, 0600);
    directory = open(".", O_RDONLY);
    must(file >= 0 && directory >= 0 && pipe(ends) == 0 && write(file, buffer, 100) == 100, "files");
    liar = (struct iovec){(void *)8, 10};
    file_calls();
    process_calls();
    across_the_edge();
    return done();
}
