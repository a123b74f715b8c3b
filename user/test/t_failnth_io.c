// SPDX-License-Identifier: MIT
// Every way in which reading, writing, pipes and descriptors can run out of memory: failnth.h. For want of a
// descriptor no file is made, and none is cut.
#include <sys/uio.h>
#include <time.h>
#include "failnth.h"

enum { CHUNK = 5 * PAGE, SIXTY_FOUR_KIB = 64 << 10, FIRST_TABLE = 32, HIGH = 900 };

static char buffer[SIXTY_FOUR_KIB];
static int fd, ends[2];

static int closed(int number) // 0 or the errno of what should have opened it
{
    return number < 0 ? errno : close(number);
}

// Till all is done, or an error: who gets less than he wants may ask for the rest.
static int transfer_all(ssize_t (*transfer)(int fd, void *memory, size_t bytes), size_t bytes)
{
    for (ssize_t got; bytes; bytes -= (size_t)got)
        if ((got = transfer(fd, buffer + sizeof buffer - bytes, bytes)) <= 0)
            return got < 0 ? errno : WRONG;
    return 0;
}

static ssize_t put(int to, void *memory, size_t bytes)
{
    return write(to, memory, bytes);
}

// --- bytes ------------------------------------------------------------------------------------------------

static void open_new(void)
{
    fd = open("new", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0, "new");
}

static void close_new(void)
{
    must(close(fd) == 0, "close");
    unlink("new");
}

static int write_new(void)
{
    return transfer_all(put, CHUNK);
}

static int write_far(void) // an index of several levels, on the disk too
{
    return pwrite(fd, buffer, 1, 70 << 20) == 1 ? 0 : errno;
}

static int write_vector(void)
{
    struct iovec vector[2] = {{buffer, 3}, {buffer, PAGE}};
    return writev(fd, vector, 2) == 3 + PAGE ? 0 : errno;
}

static void open_hole(void)
{
    open_new();
    must(ftruncate(fd, SIXTY_FOUR_KIB) == 0, "ftruncate");
}

static void make_hole_closed(void)
{
    open_hole();
    close(fd);
}

static int read_hole(void)
{
    int error = transfer_all(read, SIXTY_FOUR_KIB);
    return error ? error : filled(buffer, 0, sizeof buffer) ? 0 : WRONG;
}

static int shorten(void)
{
    return error_of(ftruncate(fd, PAGE + 1));
}

static int shorten_by_open(void)
{
    return closed(open("new", O_RDWR | O_TRUNC));
}

static int write_through(void)
{
    return write(fd, buffer, PAGE) != PAGE ? errno : error_of(fsync(fd));
}

static void open_removed(void)
{
    open_new();
    must(write(fd, buffer, SIXTY_FOUR_KIB) == SIXTY_FOUR_KIB && unlink("new") == 0, "new");
}

static int close_removed(void)
{
    return close(fd);
}

static int memory_file(void)
{
    fd = memfd_create("m", 0);
    if (fd < 0)
        return errno;
    int error = transfer_all(put, CHUNK);
    close(fd);
    return error;
}

// --- pipes and descriptors --------------------------------------------------------------------------------

static int make_pipe(void)
{
    if (pipe(ends))
        return errno;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static void open_pipe(void)
{
    must(pipe2(ends, O_NONBLOCK) == 0, "pipe");
    fd = ends[1];
}

static void close_pipe(void)
{
    close(ends[0]);
    close(ends[1]);
}

static int fill_pipe(void)
{
    return transfer_all(put, SIXTY_FOUR_KIB);
}

static int through_pipe(void)
{
    int error = transfer_all(put, CHUNK);
    fd = ends[0];
    return error ? error : transfer_all(read, CHUNK);
}

static int wait_for_pipe(void)
{
    struct pollfd polled[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    return syscall(SYS_ppoll, polled, 2, &(struct timespec){0}, NULL, 8) == 1 ? 0 : errno;
}

// So many that the next wants a larger table.
static void use_up_table(void)
{
    make_hole_closed();
    while (dup(nth_fd) < FIRST_TABLE - 1)
        ;
}

static int create_other(void)
{
    return closed(open("other", O_RDWR | O_CREAT | O_EXCL, 0600));
}

static bool no_other(void)
{
    struct stat status;
    return stat("other", &status) < 0;
}

static bool not_cut(void)
{
    struct stat status;
    return stat("new", &status) == 0 && status.st_size == SIXTY_FOUR_KIB;
}

static void remove_all(void)
{
    unlink("new");
    unlink("other");
}

static int duplicate(void)
{
    return closed(dup(nth_fd));
}

static int duplicate_high(void) // the table grows
{
    return closed(dup2(nth_fd, HIGH));
}

static void many_files(void)
{
    must(dup2(nth_fd, HIGH) == HIGH, "dup2");
}

static int fork_with_many(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid < 0 ? errno : exited(reap(pid), 0) ? 0 : WRONG;
}

static void close_high(void)
{
    close(HIGH);
}

static const struct operation operations[] = {
    {"write, new pages", open_new, write_new, .finish = close_new},
    {"write, far away", open_new, write_far, .finish = close_new},
    {"writev", open_new, write_vector, .finish = close_new},
    {"read, a hole", open_hole, read_hole, .finish = close_new},
    {"ftruncate", open_hole, shorten, .finish = close_new},
    {"open with O_TRUNC", open_hole, shorten_by_open, .finish = close_new},
    {"write, fsync", open_new, write_through, .finish = close_new},
    {"close of a removed file", open_removed, close_removed, .finish = NULL},
    {"memfd_create, write", .run = memory_file},
    {"pipe", .run = make_pipe},
    {"write to a pipe", open_pipe, fill_pipe, .finish = close_pipe},
    {"write and read, a pipe", open_pipe, through_pipe, .finish = close_pipe},
    {"poll", open_pipe, wait_for_pipe, .finish = close_pipe},
    {"dup", .run = duplicate},
    {"dup to a high number", .run = duplicate_high, .once = true},
    {"open with O_CREAT, a larger table", use_up_table, create_other, .finish = remove_all,
     .unharmed = no_other, .once = true},
    {"open with O_TRUNC, a larger table", use_up_table, shorten_by_open, .finish = remove_all,
     .unharmed = not_cut, .once = true},
    {"fork with many files", many_files, fork_with_many, .finish = close_high},
};

int main(void)
{
    return sweep_all("failnth_io", operations, sizeof operations / sizeof *operations);
}
