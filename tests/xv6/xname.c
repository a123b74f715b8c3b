// SPDX-License-Identifier: MIT
// Names: directories, links, paths, and what becomes of files that lose their names.
#include "test.h"

static void make(const char *name)
{
    write_file(name, name, (int)strlen(name));
}

static char *numbered(char kind, int number)
{
    static char name[8];
    name[0] = kind;
    name[1] = (char)('a' + number / 26 % 26);
    name[2] = (char)('a' + number % 26);
    name[3] = 0;
    return name;
}

static void dirtest(void)
{
    CHECK(mkdir("d") == 0 && mkdir("d") == -1 && chdir("d") == 0 && unlink("../d") == 0);
    CHECK(open("file", O_CREATE | O_RDWR) == -1 && chdir("/") == 0 && chdir(DIRECTORY) == 0);
    CHECK(mkdir("d") == 0 && chdir("d") == 0 && chdir("..") == 0 && unlink("d") == 0 && chdir("d") == -1);
}

static void linktest(void)
{
    make("a");
    CHECK(link("a", "b") == 0 && unlink("a") == 0 && !exists("a") && exists("b"));
    struct stat found;
    CHECK(link("b", "c") == 0 && stat("b", &found) == 0 && found.nlink == 2 && found.type == T_FILE &&
          found.size == 1);
    CHECK(link("b", "b") == -1 && link("b", "c") == -1 && link("a", "e") == -1 && link(".", "e") == -1);
    CHECK(unlink("b") == 0 && unlink("b") == -1 && unlink("c") == 0);
}

// Open but without a name: it is still there, and another file may have the name.
static void unlinkread(void)
{
    char text[16] = {0};
    make("first");
    int fd = open("first", O_RDWR), other;
    CHECK(fd >= 0 && unlink("first") == 0);
    other = open("first", O_CREATE | O_RDWR);
    CHECK(other >= 0 && write(other, "xxx", 3) == 3);
    CHECK(read(fd, text, sizeof text) == 5 && memcmp(text, "first", 5) == 0 &&
          write(fd, "0123456789", 10) == 10);
    CHECK(close(fd) == 0 && close(other) == 0 && unlink("first") == 0);
}

static int random_below(uint *seed, uint limit)
{
    *seed = *seed * 1103515245 + 12345;
    return (int)((*seed >> 16) % limit);
}

// Two processes make, link and unlink one name at the same time.
static void linkunlink(void)
{
    int pid = must_fork();
    uint seed = pid ? 1 : 97;
    make(pid ? "parent" : "child");
    for (int i = 0; i < 100; i++) {
        int what = random_below(&seed, 3);
        if (what == 0)
            close(open("x", O_RDWR | O_CREATE));
        else if (what == 1)
            link(pid ? "parent" : "child", "x");
        else
            unlink("x");
    }
    CHECK(unlink(pid ? "parent" : "child") == 0);
    if (pid == 0)
        exit(0);
    CHECK(must_wait() == 0);
    unlink("x");
}

// How many entries of "." have names that begin with `kind`.
static int count_entries(char kind)
{
    struct dirent entry;
    int count = 0, fd = open(".", O_RDONLY), bytes;
    CHECK(fd >= 0);
    while ((bytes = read(fd, &entry, sizeof entry)) > 0) {
        CHECK(bytes == sizeof entry && entry.inum);
        count += entry.name[0] == kind;
    }
    CHECK(bytes == 0 && close(fd) == 0);
    return count;
}

// Several make and remove files in one directory: those that stay are there, once each.
static void concreate(void)
{
    make("c0");
    for (int i = 0; i < 40; i++) {
        char name[3] = {'C', (char)('0' + i), 0};
        if (must_fork() == 0) {
            unlink(name);
            if (i % 3 == 1)
                CHECK(link("c0", name) == 0);
            else
                make(name);
            exit(0);
        }
        if (i % 4 == 3)
            for (int j = 0; j < 4; j++)
                CHECK(must_wait() == 0);
    }
    CHECK(count_entries('C') == 40 && count_entries('c') == 1);
    for (int i = 0; i < 40; i++) {
        char name[3] = {'C', (char)('0' + i), 0};
        CHECK(unlink(name) == 0);
    }
    CHECK(unlink("c0") == 0 && count_entries('C') == 0);
}

static void createdelete(void)
{
    for (int kind = 'p'; kind < 'p' + 4; kind++)
        if (must_fork() == 0) {
            for (int i = 0; i < 20; i++) {
                make(numbered((char)kind, i));
                if (i > 0 && i % 2 == 0)
                    CHECK(unlink(numbered((char)kind, i / 2)) == 0);
            }
            exit(0);
        }
    for (int kind = 'p'; kind < 'p' + 4; kind++)
        CHECK(must_wait() == 0);
    for (int kind = 'p'; kind < 'p' + 4; kind++)
        for (int i = 0; i < 20; i++) {
            CHECK(exists(numbered((char)kind, i)) == (i == 0 || i >= 10));
            unlink(numbered((char)kind, i));
        }
}

static void subdir_files(void)
{
    CHECK(mkdir("d") == 0 && mkdir(DIRECTORY "/d/e") == 0);
    make("d/f");
    make("d/e/f");
    CHECK(unlink("d") == -1 && open("d/e/../f", O_RDONLY) >= 0 && open("d/../d/./e/f", O_RDONLY) >= 0);
    CHECK(link("d/e/f", "d/e/g") == 0 && unlink("d/e/f") == 0 && !exists("d/e/f"));
    CHECK(chdir("d/../../xv6test/d") == 0 && chdir("e") == 0 && chdir("./..") == 0 && chdir("..") == 0);
}

static void subdir(void)
{
    subdir_files();
    const char *below_files[] = {"d/f/x", "d/e/g/x"}, *nowhere[] = {"none/x", "d/none/x"};
    for (int i = 0; i < 2; i++) {
        const char *names[] = {below_files[i], nowhere[i]};
        for (int j = 0; j < 2; j++)
            CHECK(open(names[j], O_CREATE | O_RDWR) == -1 && open(names[j], O_RDONLY) == -1 &&
                  mkdir(names[j]) == -1 && unlink(names[j]) == -1 && chdir(names[j]) == -1 &&
                  link("d/f", names[j]) == -1);
    }
    CHECK(open("d", O_CREATE) == -1 && open("d", O_RDWR) == -1 && open("d", O_WRONLY) == -1 &&
          mkdir("d/f") == -1);
    CHECK(chdir("d/f") == -1 && link("d/f", "d/e/g") == -1 && unlink("d/e") == -1);
    CHECK(unlink("d/e/g") == 0 && unlink("d/f") == 0 && unlink("d") == -1 && unlink("d/e") == 0 &&
          unlink("d") == 0);
}

static void rmdot(void)
{
    CHECK(mkdir("d") == 0 && chdir("d") == 0 && unlink(".") == -1 && unlink("..") == -1);
    CHECK(chdir("..") == 0 && unlink("d/.") == -1 && unlink("d/..") == -1 && unlink("d") == 0);
}

// Names that differ only behind the 14th character are one.
static void fourteen(void)
{
    CHECK(mkdir("12345678901234") == 0 && mkdir("12345678901234/123456789012345") == 0);
    int fd = open("123456789012345/123456789012345/123456789012345", O_CREATE);
    CHECK(fd >= 0 && close(fd) == 0);
    CHECK((fd = open("12345678901234/12345678901234/12345678901234", O_RDONLY)) >= 0 && close(fd) == 0);
    CHECK(mkdir("12345678901234/12345678901234") == -1 && mkdir("123456789012345/12345678901234") == -1);
    CHECK(unlink("123456789012345/12345678901234/123456789012345zzz") == 0);
    CHECK(unlink("12345678901234/12345678901234/") == 0 && unlink("12345678901234") == 0);
}

static void dirfile(void)
{
    char c = 'x';
    make("f");
    CHECK(chdir("f") == -1 && open("f/x", O_RDONLY) == -1 && open("f/x", O_CREATE) == -1 &&
          mkdir("f/x") == -1);
    CHECK(unlink("f/x") == -1 && link("/README", "f/x") == -1 && unlink("f") == 0);
    int fd = open(".", O_RDONLY);
    CHECK(open(".", O_RDWR) == -1 && fd >= 0 && write(fd, &c, 1) == -1);
}

// Calls that fail deep in a directory that loses its name: nothing may stay held.
static void iref(void)
{
    for (int i = 0; i < NINODE + 1; i++) {
        CHECK(mkdir("r") == 0 && chdir("r") == 0);
        CHECK(mkdir("") == -1 && link("/README", "") == -1 && open("", O_CREATE) == -1);
        make("xx");
        CHECK(unlink("xx") == 0);
    }
    for (int i = 0; i < NINODE + 1; i++)
        CHECK(chdir("..") == 0 && unlink("r") == 0);
}

// The current directory of a process that ends, removed by it, by its end, or by another.
static void leave_directory(void *remove)
{
    CHECK(mkdir("d") == 0 && chdir("d") == 0 && (!*(int *)remove || unlink("../d") == 0));
}

static void iput(void)
{
    int remove = 1;
    leave_directory(&remove);
    CHECK(chdir("/") == 0 && chdir(DIRECTORY "/d") == -1);
}

static void exitiput(void)
{
    int remove[] = {1, 0};
    CHECK(in_child(leave_directory, &remove[0]) == 0 && !exists("d"));
    CHECK(in_child(leave_directory, &remove[1]) == 0 && unlink("d") == 0);
}

static void openiput(void)
{
    CHECK(mkdir("d") == 0);
    if (must_fork() == 0) {
        int fd = open("d", O_RDWR);
        exit(fd >= 0);
    }
    unlink("d"); // before, during or after that open
    CHECK(must_wait() == 0 && !exists("d"));
}

// More links than fit into a block of a directory.
static void bigdir(void)
{
    make("f");
    for (int i = 0; i < 500; i++)
        CHECK(link("f", numbered('x', i)) == 0);
    CHECK(count_entries('x') == 500 && unlink("f") == 0);
    for (int i = 0; i < 500; i++)
        CHECK(unlink(numbered('x', i)) == 0);
}

// Entries of any number at once, "." and ".." among them; a device; the size of what is there.
static void console(void)
{
    struct dirent entries[4];
    struct stat found;
    CHECK(mknod("con", 1, 0) == 0 && stat("con", &found) == 0 && found.type == T_DEVICE);
    int fd = open("con", O_RDWR), directory = open(".", O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &found) == 0 && found.type == T_DEVICE && write(fd, "# console\n", 10) == 10);
    CHECK(read(directory, entries, sizeof entries) == 3 * (int)sizeof entries[0]);
    CHECK(strcmp(entries[0].name, ".") == 0 && strcmp(entries[1].name, "..") == 0 &&
          strcmp(entries[2].name, "con") == 0);
    CHECK(read(directory, entries, sizeof entries) == 0 && fstat(directory, &found) == 0 &&
          found.type == T_DIR);
    CHECK(mknod("con", 1, 0) == -1 && unlink("con") == 0);
}

#define TEST(name)                                                                                           \
    {                                                                                                        \
#name, name                                                                                          \
    }
static const struct test tests[] = {
    TEST(dirtest),  TEST(linktest), TEST(unlinkread), TEST(linkunlink), TEST(concreate), TEST(createdelete),
    TEST(subdir),   TEST(rmdot),    TEST(fourteen),   TEST(dirfile),    TEST(iref),      TEST(iput),
    TEST(exitiput), TEST(openiput), TEST(bigdir),     TEST(console),
};

int main(int argc, char **argv)
{
    run_tests(tests, COUNT(tests), argc, argv);
}
