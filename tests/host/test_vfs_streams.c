// SPDX-License-Identifier: MIT
//
// Pipes and poll with tasks that wait for each other; /dev and /proc; the terminal.

#include "fs/context.h"
#include "fs/pseudo.h"
#include "lib/syscalls.h"
#include "tests/host/check.h"
#include "tests/host/vfs_world.h"
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/signal.h"
#include "uapi/termios.h"
#include "uapi/uio.h"
#include <string.h>

static int ends[2];
static uint8_t sent[200000], taken[8192];
static size_t received;
static uint64_t checksum_in, checksum_out;

static void pipe_writer(void *argument)
{
    size_t done = 0, total = *(size_t *)argument;
    while (done < total) {
        size_t bytes = 1 + random_below(random_below(2) ? 9000 : 100);
        bytes = bytes < total - done ? bytes : total - done;
        int64_t wrote = sys_write((uint64_t)ends[1], U(sent + done), bytes);
        CHECK(wrote > 0 && (wrote == (int64_t)bytes));
        for (int64_t i = 0; i < wrote; i++)
            checksum_in += sent[done + (size_t)i];
        done += (size_t)wrote;
    }
}

static void pipe_reader(void *argument)
{
    uint8_t buffer[10000];
    (void)argument;
    while (received < 2 * sizeof(sent)) {
        size_t left = 2 * sizeof(sent) - received, bytes = 1 + random_below(sizeof(buffer));
        int64_t got = sys_read((uint64_t)ends[0], U(buffer), bytes < left ? bytes : left);
        CHECK(got > 0);
        for (int64_t i = 0; i < got; i++)
            checksum_out += buffer[i];
        received += (size_t)got;
    }
}

// 16 bytes that tell their writer: short writes must come out whole.
static void record_writer(void *argument)
{
    char record[16];
    memset(record, *(char *)argument, sizeof(record));
    for (int i = 0; i < 3000; i++)
        CHECK(sys_write((uint64_t)ends[1], U(record), sizeof(record)) == sizeof(record));
}

static void record_reader(void *argument)
{
    char record[16];
    (void)argument;
    for (int i = 0; i < 6000; i++) {
        CHECK(sys_read((uint64_t)ends[0], U(record), sizeof(record)) == sizeof(record));
        for (int j = 1; j < 16; j++)
            CHECK(record[j] == record[0]);
    }
}

static void reuse_number(void)
{
    CHECK(sys_close(2) == 0 && sys_dup(0) == 2);
}

static void test_pipe(void)
{
    char buffer[8];
    size_t frames = fake_frames_in_use, total = sizeof(sent);
    CHECK(sys_pipe2(U(ends), O_NONBLOCK) == 0 && ends[0] == 0 && ends[1] == 1);
    CHECK(sys_pipe2(FAKE_BAD_ADDRESS, 0) == -EFAULT && sys_dup(0) == 2 && sys_close(2) == 0);
    fake_before_bad_copy = reuse_number; // that file is not the pipe's, and stays open
    CHECK(sys_pipe2(FAKE_BAD_ADDRESS, 0) == -EFAULT && sys_close(2) == 0 && sys_close(3) == -EBADF);
    fake_before_bad_copy = NULL;
    CHECK(sys_pipe2(U(buffer), O_APPEND) == -EINVAL);
    CHECK(sys_read(0, U(buffer), 8) == -EAGAIN && sys_write(0, U(buffer), 1) == -EBADF && sys_read(1, 0, 1) == -EBADF);
    CHECK(sys_write(1, FAKE_BAD_ADDRESS, 8) == -EFAULT && fake_frames_in_use == frames);
    CHECK(sys_write(1, U("hello"), 5) == 5 && sys_read(0, FAKE_BAD_ADDRESS, 8) == -EFAULT);
    CHECK(sys_read(0, U(buffer), 8) == 5 && !memcmp(buffer, "hello", 5) && fake_frames_in_use == frames);
    CHECK(sys_lseek(0, 0, SEEK_SET) == -ESPIPE && sys_pread64(0, U(buffer), 1, 0) == -ESPIPE);
    CHECK(sys_write(1, U(sent), sizeof(sent)) == 65536 && sys_write(1, U(sent), 1) == -EAGAIN);
    CHECK(sys_read(0, U(taken), 4096) == 4096 && sys_write(1, U(sent), 4096) == 4096);
    CHECK(sys_read(0, U(taken), 4096 - 6) == 4096 - 6 && sys_write(1, U(sent), 4096) == -EAGAIN);
    CHECK(sys_close(0) == 0 && sys_write(1, U(sent), 1) == -EPIPE && signals == 1);
    CHECK(sys_close(1) == 0 && fake_frames_in_use == frames);
    CHECK(sys_pipe2(U(ends), O_CLOEXEC) == 0 && sys_fcntl(0, F_GETFD, 0) == FD_CLOEXEC);
    CHECK(sys_write(1, U("x"), 1) == 1 && sys_close(1) == 0);
    CHECK(sys_read(0, U(buffer), 8) == 1 && sys_read(0, U(buffer), 8) == 0 && sys_close(0) == 0);
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)random_below(256);
    for (int round = 0; round < 20; round++) {
        CHECK(sys_pipe2(U(ends), 0) == 0);
        received = checksum_in = checksum_out = 0;
        fake_task_start(pipe_writer, &total);
        fake_task_start(pipe_writer, &total);
        fake_task_start(pipe_reader, NULL);
        run_tasks();
        CHECK(checksum_in == checksum_out && fake_frames_in_use == frames);
        fake_task_start(record_writer, "A");
        fake_task_start(record_writer, "B");
        fake_task_start(record_reader, NULL);
        run_tasks();
        CHECK(sys_close(0) == 0 && sys_close(1) == 0 && fake_frames_in_use == frames);
    }
}

static int64_t blocked_result;

static void blocked_reader(void *argument)
{
    (void)argument;
    char c;
    blocked_result = sys_read((uint64_t)ends[0], U(&c), 1);
}

static void blocked_writer(void *argument)
{
    (void)argument;
    blocked_result = sys_write((uint64_t)ends[1], U(sent), sizeof(sent));
}

static void closer(void *argument)
{
    CHECK(sys_close(*(uint64_t *)argument) == 0);
}

static void test_pipe_ends(void)
{
    uint64_t reader = 0, writer = 1;
    for (int round = 0; round < 20; round++) {
        CHECK(sys_pipe2(U(ends), 0) == 0);
        blocked_result = -1;
        fake_task_start(blocked_reader, NULL);
        fake_task_start(closer, &writer);
        run_tasks();
        CHECK(blocked_result == 0 && sys_close(reader) == 0 && sys_pipe2(U(ends), 0) == 0);
        fake_task_kill(fake_task_start(blocked_writer, NULL));
        run_tasks();
        CHECK(blocked_result == 65536);
        fake_task_kill(fake_task_start(blocked_writer, NULL));
        run_tasks();
        CHECK(blocked_result == -EINTR);
        signals = 0;
        fake_task_start(blocked_writer, NULL);
        fake_task_start(closer, &reader);
        run_tasks();
        CHECK((blocked_result == -EPIPE || blocked_result == -EBADF) && signals == 1 && sys_close(writer) == 0);
    }
}

// --- poll -----------------------------------------------------------------------------------------------------

static void poller(void *argument)
{
    struct pollfd fds[3] = {{.fd = ends[0], .events = POLLIN}, {.fd = -1}, {.fd = ends[0], .events = POLLOUT}};
    char c;
    for (int i = 0; i < *(int *)argument; i++) {
        CHECK(sys_ppoll(U(fds), 3, 0, 0, 0) == 1 && fds[0].revents == POLLIN && fds[1].revents == 0);
        CHECK(sys_read((uint64_t)ends[0], U(&c), 1) == 1);
    }
}

static void feeder(void *argument)
{
    for (int i = 0; i < *(int *)argument; i++) {
        fake_yield();
        CHECK(sys_write((uint64_t)ends[1], U("x"), 1) == 1);
    }
}

static void sleeper(void *argument)
{
    struct timespec time = {.tv_sec = 2};
    uint64_t before = fake_clock_ns;
    (void)argument;
    CHECK(sys_ppoll(0x1000, 0, U(&time), 0, 0) == 0 && fake_clock_ns - before == 2000000000);
}

static void test_poll(void)
{
    int count = 500;
    struct timespec zero = {0}, bad = {.tv_nsec = 1000000000};
    struct pollfd fds[2] = {{.fd = 77, .events = POLLIN}, {.fd = 1, .events = POLLIN | POLLOUT}};
    CHECK(sys_pipe2(U(ends), 0) == 0);
    CHECK(sys_ppoll(U(fds), 2, U(&zero), 0, 0) == 2 && fds[0].revents == POLLNVAL && fds[1].revents == POLLOUT);
    CHECK(sys_ppoll(U(fds), 2, U(&bad), 0, 0) == -EINVAL && sys_ppoll(U(fds), 5000, 0, 0, 0) == -EINVAL);
    fds[0].fd = 0;
    CHECK(sys_ppoll(U(fds), 1, U(&zero), 0, 0) == 0 && sys_ppoll(FAKE_BAD_ADDRESS, 1, 0, 0, 0) == -EFAULT);
    fake_task_start(poller, &count);
    fake_task_start(feeder, &count);
    run_tasks();
    fake_task_start(sleeper, NULL);
    run_tasks();
    CHECK(sys_close(1) == 0 && sys_ppoll(U(fds), 1, 0, 0, 0) == 1 && fds[0].revents == POLLHUP && sys_close(0) == 0);
}

static int show_long(struct text *text)
{
    for (int i = 0; i < 3000; i++)
        text_append(text, "line %d\n", i);
    return 0;
}

static int pids[] = {1, 2, 7, 8, 300};

static int next_pid(int after)
{
    for (size_t i = 0; i < 5; i++)
        if (pids[i] > after)
            return pids[i];
    return 0;
}

static bool pid_exists(int pid)
{
    for (size_t i = 0; i < 5; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

static int self_pid(void)
{
    return 7;
}

static int show_pid(int pid, unsigned name, struct text *text)
{
    text_append(text, "%d %u", pid, name);
    return pid_exists(pid) ? 0 : -ESRCH;
}

static void test_pseudo(void)
{
    char buffer[4096], names[200] = "";
    int64_t fd = open_mode("/proc/long", O_RDONLY), total = 0;
    for (int64_t bytes; (bytes = sys_read((uint64_t)fd, U(buffer), 1000)) != 0; total += bytes)
        CHECK(bytes > 0);
    CHECK(total == 10 * 7 + 90 * 8 + 900 * 9 + 2000 * 10 && sys_lseek((uint64_t)fd, 5, SEEK_SET) == 5);
    CHECK(sys_read((uint64_t)fd, U(buffer), 2) == 2 && !memcmp(buffer, "0\n", 2));
    CHECK(sys_write((uint64_t)fd, U("x"), 1) == -EBADF && sys_close((uint64_t)fd) == 0);
    CHECK(strcmp(contents("/proc/8/stat"), "8 0") == 0 && strcmp(contents("/proc/self/maps"), "7 1") == 0);
    CHECK(exists("/proc/9") == -ENOENT && exists("/proc/08") == -ENOENT && exists("/proc/8x") == -ENOENT);
    CHECK(exists("/proc/99999999999999999999") == -ENOENT && exists("/proc/8/none") == -ENOENT);
    CHECK(sys_readlinkat(CWD, U("/proc/self"), U(buffer), 10) == 1 && buffer[0] == '7');
    CHECK(mkdir("/proc/x") == -EPERM && open_mode("/proc/x", O_CREAT) == -EACCES && unlink("/proc/long") == -EPERM);
    fd = open_mode("/proc", O_RDONLY);
    for (int64_t bytes; (bytes = sys_getdents64((uint64_t)fd, U(buffer), 32)) != 0;) {
        CHECK(bytes > 0);
        for (int64_t at = 0; at < bytes; at += ((struct linux_dirent64 *)(buffer + at))->d_reclen)
            append(names, ((struct linux_dirent64 *)(buffer + at))->d_name);
    }
    CHECK(strcmp(names, ". .. long self 1 2 7 8 300 ") == 0);
    CHECK(sys_lseek((uint64_t)fd, INT64_MAX, SEEK_SET) == INT64_MAX);
    CHECK(sys_getdents64((uint64_t)fd, U(buffer), 4096) == 0 && sys_close((uint64_t)fd) == 0);
    fd = open_mode("/proc/8", O_RDONLY);
    CHECK(sys_getdents64((uint64_t)fd, U(buffer), 4096) == 24 + 24 + 24 + 24);
    CHECK(sys_lseek((uint64_t)fd, 1 << 20, SEEK_SET) >= 0 && sys_getdents64((uint64_t)fd, U(buffer), 4096) == 0);
    pids[3] = 9; // 8 has ended
    CHECK(sys_openat((uint64_t)fd, U("stat"), O_RDONLY, 0) == -ESRCH && sys_close((uint64_t)fd) == 0);
    CHECK(exists("/proc/8") == -ENOENT && exists("/proc/9") == 0);
    CHECK((fd = open_mode("/dev/zero", O_RDWR)) >= 0 && sys_read((uint64_t)fd, U(sent), 100) == 100 && sent[99] == 0);
    CHECK(sys_read((uint64_t)fd, FAKE_BAD_ADDRESS, 1) == -EFAULT && sys_close((uint64_t)fd) == 0);
    CHECK(sys_chdir(U("/proc/300")) == 0 && sys_getcwd(U(buffer), 100) == 10 && !strcmp(buffer, "/proc/300"));
    CHECK(exists("../../a") == 0 && exists("../long") == 0 && sys_chdir(U("/")) == 0);
}

static void type_text(const char *text)
{
    while (*text)
        type(*text++);
}

// What one read gives, as text; the screen since the last time in `echoed`.
static const char *line(uint64_t fd, const char *echoed)
{
    static char text[256];
    CHECK(strcmp(screen, echoed) == 0);
    screen[0] = '\0';
    int64_t bytes = sys_read(fd, U(text), sizeof(text) - 1);
    if (bytes < 0)
        return bytes == -EAGAIN ? "EAGAIN" : "error";
    text[bytes] = '\0';
    return text;
}

static void typist(void *argument)
{
    fake_yield();
    type_text(argument);
}

static void line_reader(void *argument)
{
    char text[64];
    blocked_result = sys_read(*(uint64_t *)argument, U(text), sizeof(text));
}

static void test_tty(void)
{
    int64_t opened = open_mode("/dev/console", O_RDWR | O_NONBLOCK);
    uint64_t fd = (uint64_t)opened;
    CHECK(opened >= 0);
    type_text("he\x7fi");
    CHECK(strcmp(line(fd, "he\b \bi"), "EAGAIN") == 0);
    type_text("\r");
    CHECK(strcmp(line(fd, "\r\n"), "hi\n") == 0);
    type_text("junk\x15ok\nsecond\n");
    CHECK(strcmp(line(fd, "junk\b \b\b \b\b \b\b \bok\r\nsecond\r\n"), "ok\n") == 0);
    CHECK(strcmp(line(fd, ""), "second\n") == 0);
    type_text("abc\x04\x04");
    CHECK(strcmp(line(fd, "abc"), "abc") == 0 && strcmp(line(fd, ""), "") == 0 && !strcmp(line(fd, ""), "EAGAIN"));
    int group = 42;
    CHECK(sys_ioctl(fd, TIOCSPGRP, U(&group)) == 0);
    type_text("lost\x03\x01\x7f");
    CHECK(strcmp(line(fd, "lost^C^A\b \b\b \b"), "EAGAIN") == 0 && signalled == SIGINT && signalled_group == 42);
    for (int i = 0; i < 5000; i++)
        type('x');
    screen[0] = '\0';
    type('\n');
    for (int i = 0; i < 16; i++)
        CHECK(strlen(line(fd, i ? "" : "\r\n")) == 255);
    CHECK(strcmp(line(fd, "") + 14, "x\n") == 0 && !strcmp(line(fd, ""), "EAGAIN"));
    CHECK(sys_write(fd, U("a\nb"), 3) == 3 && strcmp(line(fd, "a\r\nb"), "EAGAIN") == 0);
    struct termios settings;
    CHECK(sys_ioctl(fd, TCGETS, U(&settings)) == 0 && sys_ioctl(fd, TCGETS, FAKE_BAD_ADDRESS) == -EFAULT);
    struct termios raw = settings;
    raw.c_lflag &= ~(uint32_t)(ICANON | ECHO | ISIG);
    raw.c_oflag = 0;
    type_text("par");
    CHECK(sys_ioctl(fd, TCSETSW, U(&raw)) == 0);
    type_text("t\x03\x7f");
    CHECK(strcmp(line(fd, "par"), "part\x03\x7f") == 0 && sys_write(fd, U("\n"), 1) == 1);
    CHECK(strcmp(line(fd, "\n"), "EAGAIN") == 0 && sys_fcntl(fd, F_SETFL, 0) == 0);
    raw.c_cc[VMIN] = 0;
    CHECK(sys_ioctl(fd, TCSETSF, U(&raw)) == 0 && strcmp(line(fd, ""), "") == 0);
    CHECK(sys_ioctl(fd, TCSETS, U(&settings)) == 0 && sys_ioctl(fd, 0x9999, 0) == -ENOTTY);
    for (int round = 0; round < 20; round++) {
        fake_task_start(line_reader, &fd);
        fake_task_start(typist, "word\n");
        run_tasks();
        CHECK(blocked_result == 5);
        fake_task_kill(fake_task_start(line_reader, &fd));
        run_tasks();
        CHECK(blocked_result == -EINTR);
    }
    CHECK(sys_close(fd) == 0);
}

int main(void)
{
    static const char *const names[] = {"stat", "maps", NULL};
    static const struct proc_tasks tasks = {next_pid, self_pid, names, show_pid};
    vfs_world_boot();
    proc_register("long", show_long);
    proc_register_tasks(&tasks);
    TEST(test_pipe);
    TEST(test_pipe_ends);
    TEST(test_poll);
    TEST(test_pseudo);
    TEST(test_tty);
    vfs_world_end();
    return 0;
}
