// SPDX-License-Identifier: MIT
// Pipes: bytes in order, blocking at both ends, the end of either side.
#include "ktap.h"

enum { BIG = 1 << 20, FULL = 200000, WRITERS = 4, MESSAGES = 200, MESSAGE = 64 };
static int ends[2];

static char byte_at(long position)
{
    return position * 7 + position / 251;
}

static int write_big(void *unused)
{
    static char chunk[10007];
    close(ends[0]);
    for (long at = 0; at < BIG;) {
        long size = BIG - at < (long)sizeof chunk ? BIG - at : (long)sizeof chunk;
        for (long i = 0; i < size; i++)
            chunk[i] = byte_at(at + i);
        if (write(ends[1], chunk, size) != size)
            return 1;
        at += size;
    }
    return 0;
}

static int write_messages(void *letter)
{
    char message[MESSAGE];
    memset(message, 'a' + *(int *)letter, MESSAGE);
    for (int i = 0; i < MESSAGES; i++)
        if (write(ends[1], message, MESSAGE) != MESSAGE)
            return 1;
    return 0;
}

static int write_late(void *unused)
{
    usleep(3000);
    return write(ends[1], "late", 4) != 4;
}

static int write_unread(void *ignore)
{
    if (ignore && signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return 2;
    return write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 1;
}

static int fill_and_tell(void *unused)
{
    static char full[FULL];
    for (long i = 0; i < FULL; i++)
        full[i] = byte_at(i);
    return write(ends[1], full, FULL) == FULL ? 5 : 6;
}

// stage i adds one to every byte: through is the pipe from the stage before
static int chain(int stages)
{
    int in = -1, next[2];
    char c = 10;
    for (int i = 0; i <= stages; i++) {
        must(pipe(next) == 0, "pipe");
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0) {
            close(next[0]);
            while (in < 0 || read(in, &c, 1) == 1) {
                c += in >= 0;
                write(next[1], &c, 1);
                if (in < 0)
                    break;
            }
            _exit(0);
        }
        close(next[1]);
        close(in);
        in = next[0];
    }
    int result = read(in, &c, 1) == 1 && c == 10 + stages && read(in, &c, 1) == 0;
    close(in);
    while (wait(NULL) > 0)
        ;
    return result;
}

static void basics(void)
{
    char buffer[16], c;
    struct stat status;
    must(pipe(ends) == 0, "pipe");
    ok(write(ends[1], "hello", 5) == 5 && read(ends[0], buffer, 3) == 3 &&
           read(ends[0], buffer + 3, 9) == 2 && memcmp(buffer, "hello", 5) == 0,
       "bytes come in order, a read takes what there is");
    ok(read(ends[0], buffer, 0) == 0, "a read of nothing does not block");
    ok(fstat(ends[0], &status) == 0 && S_ISFIFO(status.st_mode), "fstat says fifo");
    fails(read(ends[1], &c, 1), EBADF, "read from the write end");
    fails(write(ends[0], &c, 1), EBADF, "write to the read end");
    fails(lseek(ends[0], 0, SEEK_SET), ESPIPE, "lseek");
    pid_t pid = start(write_late, NULL);
    ok(read(ends[0], buffer, 4) == 4 && memcmp(buffer, "late", 4) == 0 && exited(reap(pid), 0),
       "a reader blocks");
}

// => how many bytes of the pattern came, -1 if one was wrong
static long read_pattern(void)
{
    char buffer[8192];
    long at = 0;
    for (ssize_t got; (got = read(ends[0], buffer, 1 + at % sizeof buffer)) > 0; at += got)
        for (ssize_t i = 0; i < got; i++)
            if (buffer[i] != byte_at(at + i))
                return -1;
    return at;
}

static void transfers(void)
{
    pid_t pid = start(write_big, NULL);
    close(ends[1]);
    ok(read_pattern() == BIG && exited(reap(pid), 0), "a MiB in odd pieces, then the end");
    close(ends[0]);
    must(pipe(ends) == 0, "pipe");
    pid = start(fill_and_tell, NULL);
    usleep(3000);
    ok(waitpid(pid, NULL, WNOHANG) == 0, "a writer blocks when the pipe is full");
    close(ends[1]);
    ok(read_pattern() == FULL && exited(reap(pid), 5), "and goes on when it is read");
    close(ends[0]);
}

static void several_writers(void)
{
    pid_t pids[WRITERS];
    char buffer[MESSAGE];
    int torn = 0, count[WRITERS] = {0}, good = 0;
    must(pipe(ends) == 0, "pipe");
    for (int i = 0; i < WRITERS; i++)
        pids[i] = start(write_messages, &i);
    close(ends[1]);
    for (ssize_t got, have = 0; (got = read(ends[0], buffer + have, MESSAGE - have)) > 0;)
        if ((have += got) == MESSAGE) {
            torn += !filled(buffer, buffer[0], MESSAGE);
            count[(buffer[0] - 'a') & (WRITERS - 1)]++;
            have = 0;
        }
    for (int i = 0; i < WRITERS; i++)
        good += exited(reap(pids[i]), 0) && count[i] == MESSAGES;
    ok(torn == 0 && good == WRITERS, "messages of several writers are not torn");
    close(ends[0]);
}

static void without_blocking(void)
{
    static char buffer[8192];
    ssize_t wrote = 0;
    char c;
    must(pipe2(ends, O_NONBLOCK) == 0, "pipe2");
    fails(read(ends[0], &c, 1), EAGAIN, "read of an empty pipe, O_NONBLOCK");
    for (int i = 0; i < 10000 && (wrote = write(ends[1], buffer, sizeof buffer)) > 0; i++)
        ;
    fails(wrote, EAGAIN, "write to a full pipe, O_NONBLOCK");
    close(ends[0]);
    close(ends[1]);
}

static void without_reader(void)
{
    must(pipe(ends) == 0, "pipe");
    int guard = dup(ends[0]);
    close(ends[0]);
    ok(write(ends[1], "x", 1) == 1, "a duplicated read end keeps the pipe alive");
    close(guard);
    ok(killed(in_child(write_unread, NULL), SIGPIPE), "writing without a reader: SIGPIPE");
    int result = in_child(write_unread, ends);
    if (exited(result, 2))
        skip("EPIPE when SIGPIPE is ignored", "no rt_sigaction");
    else
        ok(exited(result, 0), "EPIPE when SIGPIPE is ignored");
    close(ends[1]);
}

int main(void)
{
    basics();
    transfers();
    several_writers();
    without_blocking();
    without_reader();
    ok(chain(20), "a chain of twenty processes");
    return done();
}
