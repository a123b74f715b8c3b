// SPDX-License-Identifier: MIT
// Files: what is written is read again, by one process or several, up to the end of the disk.
#include "test.h"

static char buffer[(MAXOPBLOCKS + 2) * BSIZE];

static int must_open(const char *name, int mode)
{
    int fd = open(name, mode);
    CHECK(fd >= 0);
    return fd;
}

static void must_close(int fd)
{
    CHECK(close(fd) == 0);
}

static void must_unlink(const char *name)
{
    CHECK(unlink(name) == 0);
}

static void opentest(void)
{
    must_close(must_open("/echo", O_RDONLY));
    CHECK(open("nowhere", O_RDONLY) == -1 && open("nowhere", O_RDWR) == -1 &&
          open("nowhere", O_TRUNC | O_WRONLY) == -1);
    must_close(must_open("new", O_CREATE | O_RDONLY));
    int fd = must_open("new", O_RDONLY);
    CHECK(write(fd, "x", 1) == -1);
    must_close(fd);
    fd = must_open("new", O_WRONLY);
    CHECK(read(fd, buffer, 1) == -1);
    must_close(fd);
    must_unlink("new");
}

static void writetest(void)
{
    int fd = must_open("small", O_CREATE | O_RDWR);
    for (int i = 0; i < 100; i++)
        CHECK(write(fd, "aaaaaaaaaa", 10) == 10 && write(fd, "bbbbbbbbbb", 10) == 10);
    must_close(fd);
    fd = must_open("small", O_RDONLY);
    CHECK(read(fd, buffer, 2001) == 2000 && read(fd, buffer + 2000, 1) == 0);
    for (int i = 0; i < 2000; i++)
        CHECK(buffer[i] == (i % 20 < 10 ? 'a' : 'b'));
    must_close(fd);
    must_unlink("small");
}

static void writebig(void)
{
    int fd = must_open("big", O_CREATE | O_RDWR), block = 0;
    for (; block < (int)MAXFILE; block++) {
        *(int *)buffer = block;
        CHECK(write(fd, buffer, BSIZE) == BSIZE);
    }
    must_close(fd);
    fd = must_open("big", O_RDONLY);
    for (block = 0; read(fd, buffer, BSIZE) == BSIZE; block++)
        CHECK(*(int *)buffer == block);
    CHECK(block == (int)MAXFILE && read(fd, buffer, 1) == 0);
    must_close(fd);
    must_unlink("big");
}

static void createtest(void)
{
    char name[3] = "a0";
    for (int i = 0; i < 52; i++) {
        name[1] = (char)('0' + i);
        must_close(must_open(name, O_CREATE | O_RDWR));
    }
    for (int i = 0; i < 52; i++) {
        name[1] = (char)('0' + i);
        must_unlink(name);
    }
}

// Cut while another descriptor has it open: that one sees the new length, and what is written behind it.
static void truncate1(void)
{
    write_file("t", "abcd", 4);
    int reader = must_open("t", O_RDONLY), other = must_open("t", O_RDONLY);
    CHECK(read(reader, buffer, 100) == 4);
    int writer = must_open("t", O_WRONLY | O_TRUNC);
    CHECK(read(other, buffer, 100) == 0 && read(reader, buffer, 100) == 0 && write(writer, "abcdef", 6) == 6);
    CHECK(read(other, buffer, 100) == 6 && read(reader, buffer, 100) == 2);
    must_unlink("t");
}

static void truncate2(void)
{
    int fd = must_open("t", O_CREATE | O_TRUNC | O_WRONLY);
    CHECK(write(fd, "abcd", 4) == 4);
    must_close(must_open("t", O_TRUNC | O_WRONLY));
    CHECK(write(fd, "x", 1) == 1); // at 4 still: what lies before reads as zero
    int reader = must_open("t", O_RDONLY);
    CHECK(read(reader, buffer, 100) == 5 && buffer[0] == 0 && buffer[3] == 0 && buffer[4] == 'x');
    must_unlink("t");
}

// One cuts and writes, one cuts and reads, both often.
static void truncate3(void)
{
    must_close(must_open("t", O_CREATE | O_WRONLY));
    int pid = must_fork();
    for (int i = 0; i < 100; i++) {
        int writer = must_open("t", O_WRONLY | (pid ? O_TRUNC : 0));
        CHECK(write(writer, "1234567890", 10) == 10);
        must_close(writer);
        int reader = must_open("t", O_RDONLY);
        CHECK(read(reader, buffer, 32) <= 20);
        must_close(reader);
    }
    if (pid == 0)
        exit(0);
    CHECK(must_wait() == 0);
    must_unlink("t");
}

static int count_of(const char *name, char what)
{
    int fd = must_open(name, O_RDONLY), bytes, count = 0;
    while ((bytes = read(fd, buffer, sizeof buffer)) > 0)
        for (int i = 0; i < bytes; i++)
            count += buffer[i] == what;
    must_close(fd);
    return count;
}

// Four write four files at once; nothing goes astray.
static void fourfiles(void)
{
    char name[3] = "f0";
    for (int i = 0; i < 4; i++)
        if (must_fork() == 0) {
            name[1] = (char)('0' + i);
            int fd = must_open(name, O_CREATE | O_RDWR);
            memset(buffer, 'a' + i, 500);
            for (int j = 0; j < 12; j++)
                CHECK(write(fd, buffer, 500) == 500);
            exit(0);
        }
    for (int i = 0; i < 4; i++)
        CHECK(must_wait() == 0);
    for (int i = 0; i < 4; i++) {
        name[1] = (char)('0' + i);
        CHECK(count_of(name, (char)('a' + i)) == 6000);
        must_unlink(name);
    }
}

// Two write by one descriptor, and so by one position: all that both have written is there.
static void sharedfd(void)
{
    int fd = must_open("s", O_CREATE | O_RDWR), pid = must_fork();
    memset(buffer, pid ? 'p' : 'c', 10);
    for (int i = 0; i < 1000; i++)
        CHECK(write(fd, buffer, 10) == 10);
    if (pid == 0)
        exit(0);
    CHECK(must_wait() == 0);
    must_close(fd);
    CHECK(count_of("s", 'p') == 10000 && count_of("s", 'c') == 10000);
    must_unlink("s");
}

static void bigwrite(void)
{
    for (int bytes = 499; bytes < COUNT(buffer); bytes += 471) {
        int fd = must_open("b", O_CREATE | O_RDWR);
        CHECK(write(fd, buffer, bytes) == bytes && write(fd, buffer, bytes) == bytes);
        must_close(fd);
        must_unlink("b");
    }
}

// Written in pieces of one size and read in pieces of another.
static void bigfile(void)
{
    int fd = must_open("b", O_CREATE | O_RDWR), total = 0, bytes;
    for (int i = 0; i < 20; i++) {
        memset(buffer, i, 600);
        CHECK(write(fd, buffer, 600) == 600);
    }
    must_close(fd);
    fd = must_open("b", O_RDONLY);
    for (int i = 0; (bytes = read(fd, buffer, 300)) > 0; i++, total += bytes)
        CHECK(bytes == 300 && buffer[0] == i / 2 && buffer[299] == i / 2);
    CHECK(bytes == 0 && total == 20 * 600);
    must_close(fd);
    must_unlink("b");
}

static char *numbered(int number)
{
    static char name[] = "x00";
    name[1] = (char)('0' + number / 64);
    name[2] = (char)('0' + number % 64);
    return name;
}

// Files of MAXFILE blocks until the disk is full: an error, no more; and with them gone all is as before.
static void diskfull(void)
{
    int files = 0, full = 0;
    for (; !full && files < 79; files++) {
        int fd = must_open(numbered(files), O_CREATE | O_RDWR | O_TRUNC);
        for (int i = 0; !full && i < (int)MAXFILE; i++)
            full = write(fd, buffer, BSIZE) != BSIZE;
        must_close(fd);
    }
    CHECK(full);
    mkdir("d");
    for (int i = 0; i < 100; i++) // the directory cannot grow either
        close(open(numbered(1000 + i), O_CREATE | O_RDWR));
    for (int i = 0; i < 100; i++)
        unlink(numbered(1000 + i));
    unlink("d");
    for (int i = 0; i < files; i++)
        must_unlink(numbered(i));
    write_file("again", buffer, sizeof buffer);
    must_unlink("again");
}

static void outofinodes(void)
{
    int files = 0, fd;
    for (; files < 1024 && (fd = open(numbered(files), O_CREATE | O_RDWR)) >= 0; files++)
        must_close(fd);
    CHECK(files > 100 && files < 1024 && mkdir("d") == -1 && mknod("d", 1, 0) == -1);
    for (int i = 0; i < files; i++)
        must_unlink(numbered(i));
    CHECK(mkdir("d") == 0);
    must_unlink("d");
}

// A write that fails for its address must leave nothing behind.
static void badwrite(void)
{
    for (int i = 0; i < 600; i++) {
        int fd = must_open("junk", O_CREATE | O_WRONLY);
        CHECK(write(fd, (char *)0xffffffffffL, 1) == -1);
        must_close(fd);
        must_unlink("junk");
    }
    write_file("junk", "x", 1);
    must_unlink("junk");
}

#define TEST(name)                                                                                           \
    {                                                                                                        \
#name, name                                                                                          \
    }
static const struct test tests[] = {
    TEST(opentest),  TEST(writetest), TEST(writebig),    TEST(createtest), TEST(truncate1),
    TEST(truncate2), TEST(truncate3), TEST(fourfiles),   TEST(sharedfd),   TEST(bigwrite),
    TEST(bigfile),   TEST(diskfull),  TEST(outofinodes), TEST(badwrite),
};

int main(int argc, char **argv)
{
    run_tests(tests, COUNT(tests), argc, argv);
}
