// SPDX-License-Identifier: MIT
//
// readv on streams is one read: who reads waits for the first bytes only, and takes what is there. writev on a pipe is
// one write: PIPE_BUF bytes stay together, in however many parts they come.

#include "lib/syscalls.h"
#include "tests/host/check.h"
#include "tests/host/vfs_world.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/limits.h"
#include "uapi/uio.h"
#include <string.h>

#define PIPE_BYTES 65536

static int ends[2];
static uint8_t sent[100007], taken[100007];

static int64_t read_two(int fd, void *first, size_t first_bytes, void *second, size_t second_bytes)
{
    struct iovec vector[] = {{first, first_bytes}, {second, second_bytes}};
    return sys_readv((uint64_t)fd, U(vector), 2);
}

static void make_pipe(uint64_t flags)
{
    CHECK(sys_pipe2(U(ends), flags) == 0);
}

static void close_pipe(void)
{
    CHECK(sys_close((uint64_t)ends[0]) == 0 && sys_close((uint64_t)ends[1]) == 0);
}

// Nobody writes any more: a reader who waits for more than the first bytes waits for ever.
static void test_readv_waits_for_the_first_bytes_only(void)
{
    char first[4], second[4];
    make_pipe(0);
    CHECK(sys_write((uint64_t)ends[1], U("1234"), 4) == 4);
    CHECK(read_two(ends[0], first, 4, second, 4) == 4 && !memcmp(first, "1234", 4));
    CHECK(sys_write((uint64_t)ends[1], U("12"), 2) == 2);
    CHECK(read_two(ends[0], first, 4, second, 4) == 2 && !memcmp(first, "12", 2));
    CHECK(sys_write((uint64_t)ends[1], U("123"), 3) == 3);
    CHECK(read_two(ends[0], first, 0, second, 4) == 3 && !memcmp(second, "123", 3));
    CHECK(read_two(ends[0], first, 0, second, 0) == 0);
    close_pipe();
}

static void test_readv_takes_all_that_is_there(void)
{
    char first[4], second[4];
    make_pipe(0);
    CHECK(sys_write((uint64_t)ends[1], U("12345678"), 8) == 8);
    CHECK(read_two(ends[0], first, 4, second, 4) == 8 && !memcmp(first, "1234", 4) &&
          !memcmp(second, "5678", 4));
    CHECK(sys_write((uint64_t)ends[1], U("123456"), 6) == 6);
    CHECK(read_two(ends[0], first, 4, second, 4) == 6 && !memcmp(first, "1234", 4) &&
          !memcmp(second, "56", 2));
    close_pipe();
}

static void test_readv_from_the_terminal(void)
{
    char first[4], second[4];
    int64_t fd = open_mode("/dev/console", O_RDWR);
    CHECK(fd >= 0);
    for (const char *key = "abc\n"; *key; key++)
        type(*key);
    // One line, and no other comes.
    CHECK(read_two((int)fd, first, 4, second, 4) == 4 && !memcmp(first, "abc\n", 4));
    CHECK(sys_close((uint64_t)fd) == 0);
}

// --- writev ------------------------------------------------------------------------------------------

// Room for one part only: neither is written.
static void test_short_writev_is_all_or_nothing(void)
{
    struct iovec vector[] = {{sent, 50}, {sent, 0}, {sent + 50, 100}};
    make_pipe(O_NONBLOCK);
    CHECK(sys_write((uint64_t)ends[1], U(sent), PIPE_BYTES - 100) == PIPE_BYTES - 100);
    CHECK(sys_writev((uint64_t)ends[1], U(vector), 3) == -EAGAIN);
    CHECK(sys_writev((uint64_t)ends[1], U(vector), 2) == 50 && sys_writev((uint64_t)ends[1], U(vector), 0) == 0);
    CHECK(sys_read((uint64_t)ends[0], U(taken), sizeof(taken)) == PIPE_BYTES - 50);
    close_pipe();
}

enum { WRITERS = 4, RECORDS = 100, RECORD = 3000 };

// Records of one letter, in two parts that end at odd places.
static void record_writer(void *argument)
{
    uint8_t letter = *(uint8_t *)argument, record[RECORD];
    memset(record, letter, sizeof(record));
    for (unsigned i = 0; i < RECORDS; i++) {
        size_t cut = random_below(RECORD);
        struct iovec vector[] = {{record, cut}, {record + cut, RECORD - cut}};
        CHECK(sys_writev((uint64_t)ends[1], U(vector), 2) == RECORD);
    }
}

static void record_reader(void *argument)
{
    (void)argument;
    for (size_t have = 0; have < (size_t)WRITERS * RECORDS * RECORD;) {
        size_t want = RECORD - have % RECORD;
        int64_t got = sys_read((uint64_t)ends[0], U(taken + have % RECORD), want);
        CHECK(got > 0);
        have += (size_t)got;
        for (size_t i = 1; have % RECORD == 0 && i < RECORD; i++)
            CHECK(taken[i] == taken[0]);
    }
}

static void test_records_are_not_mixed(void)
{
    static uint8_t letters[WRITERS] = {'a', 'b', 'c', 'd'};
    make_pipe(0);
    for (unsigned i = 0; i < WRITERS; i++)
        fake_task_start(record_writer, &letters[i]);
    fake_task_start(record_reader, NULL);
    run_tasks();
    close_pipe();
}

static void long_writer(void *argument)
{
    struct iovec vector[] = {{sent, 60000}, {sent, 0}, {sent + 60000, 7}, {sent + 60007, 40000}};
    (void)argument;
    CHECK(sys_writev((uint64_t)ends[1], U(vector), 4) == sizeof(sent));
}

static void long_reader(void *argument)
{
    (void)argument;
    for (size_t have = 0; have < sizeof(sent);) {
        size_t some = 1 + random_below(9000);
        some = some < sizeof(sent) - have ? some : sizeof(sent) - have;
        int64_t got = read_two(ends[0], taken + have, some / 2, taken + have + some / 2, some - some / 2);
        CHECK(got > 0);
        have += (size_t)got;
    }
}

static void test_long_writev_is_whole(void)
{
    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (uint8_t)random_below(256);
    for (int round = 0; round < 10; round++) {
        memset(taken, 0, sizeof(taken));
        make_pipe(0);
        fake_task_start(long_writer, NULL);
        fake_task_start(long_reader, NULL);
        run_tasks();
        CHECK(memcmp(sent, taken, sizeof(sent)) == 0);
        close_pipe();
    }
}

int main(void)
{
    vfs_world_boot();
    TEST(test_readv_takes_all_that_is_there);
    TEST(test_short_writev_is_all_or_nothing);
    TEST(test_records_are_not_mixed);
    TEST(test_long_writev_is_whole);
    TEST(test_readv_waits_for_the_first_bytes_only);
    TEST(test_readv_from_the_terminal);
    vfs_world_end();
    return 0;
}
