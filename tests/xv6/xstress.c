// SPDX-License-Identifier: MIT
// xstress [SECONDS [PROCESSES [SEED]]]: that many processes do random things to the same few files and
// directories, and to processes, pipes and memory of their own, for so many seconds. What fails may fail;
// what must hold is checked. In the end all files are removed, and nobody is left.
#include "test.h"

static uint state;
#define WORK DIRECTORY "/work" // none of these names leads from there out of DIRECTORY
static char *const names[] = {"a", "b", "c/a", "c/b", "../a", "../c/d", "d", "c", "./c/../b", "/xv6test/a"};
static char bytes[3 * BSIZE];
static int done_count;

static int below(int limit)
{
    state = state * 1664525 + 1013904223;
    return (int)((state >> 8) % (uint)limit);
}

static const char *any_name(void)
{
    return names[below(COUNT(names))];
}

static void make_file(void)
{
    int fd = open(any_name(), O_CREATE | O_RDWR | (below(2) ? O_TRUNC : 0));
    if (fd < 0)
        return;
    int count = below(COUNT(bytes));
    memset(bytes, 'a' + below(26), (uint)count);
    CHECK(write(fd, bytes, count) >= -1);
    CHECK(close(fd) == 0);
}

// What a file has is letters, whoever wrote them.
static void read_file(void)
{
    static char got[sizeof bytes];
    struct stat found;
    int fd = open(any_name(), O_RDONLY), count;
    if (fd < 0)
        return;
    CHECK(fstat(fd, &found) == 0);
    while (found.type == T_FILE && (count = read(fd, got, sizeof got)) > 0)
        for (int i = 0; i < count; i += 97)
            CHECK(!got[i] || (got[i] >= 'a' && got[i] <= 'z'));
    if (found.type == T_DIR)
        while ((count = read(fd, got, 64)) > 0)
            CHECK(count % (int)sizeof(struct dirent) == 0);
    CHECK(close(fd) == 0);
}

static void change_names(void)
{
    switch (below(5)) {
    case 0:
        link(any_name(), any_name());
        break;
    case 1:
        mkdir(any_name());
        break;
    case 2:
        if (chdir(any_name()) < 0 || below(2))
            CHECK(chdir(WORK) == 0);
        break;
    default:
        unlink(any_name());
    }
}

static void fork_something(void)
{
    int status, pid = fork(), number = below(100), what = below(4);
    char *words[] = {"echo", "x", 0};
    if (pid == 0) {
        if (what == 0)
            for (;;)
                getpid();
        if (what == 1) {
            close(1);
            open("/xv6test/out", O_CREATE | O_WRONLY);
            exec("/echo", words);
            exit(111);
        }
        if (what == 2 && fork() == 0)
            make_file();
        exit(number);
    }
    if (pid < 0)
        return;
    if (what == 0)
        CHECK(kill(pid) == 0);
    CHECK(wait(&status) == pid);
    CHECK(what == 0 ? status == KILLED : what == 1 ? status == 0 || status == 111 : status == number);
}

static void talk(void)
{
    int ends[2], count = 1 + below(3000), got, total = 0, status;
    CHECK(pipe(ends) == 0);
    int pid = fork();
    if (pid == 0) {
        close(ends[0]);
        memset(bytes, 'p', (uint)count);
        exit(write(ends[1], bytes, count) != count);
    }
    close(ends[1]);
    while (pid > 0 && (got = read(ends[0], bytes, 1 + below(1000))) > 0)
        for (total += got; got; got--)
            CHECK(bytes[got - 1] == 'p');
    close(ends[0]);
    CHECK(pid < 0 || (total == count && wait(&status) == pid && status == 0));
}

static void use_memory(void)
{
    int count = below(200) * PGSIZE + below(PGSIZE);
    char *memory = below(2) ? sbrk(count) : sbrklazy(count);
    if (memory == SBRK_ERROR)
        return;
    for (int i = 0; i < count; i += PGSIZE) {
        CHECK(memory[i] == 0);
        memory[i] = 'm';
    }
    if (below(2) && fork() == 0)
        exit(memory[0] != (count ? 'm' : 0));
    wait(0);
    memory = (char *)PGROUNDUP((uint64)sbrk(0) - (uint64)count); // so that all that is taken next is zero
    CHECK(sbrk((int)(memory - sbrk(0))) != SBRK_ERROR);
}

static void run(int end)
{
    static void (*const actions[])(void) = {make_file,      read_file, change_names, change_names,
                                            fork_something, talk,      use_memory};
    CHECK(chdir(WORK) == 0);
    for (; uptime() < end; done_count++)
        actions[below(COUNT(actions))]();
    printf("# pid %d: %d operations\n", getpid(), done_count);
    exit(0);
}

// A directory may hold directories, and so on: what is not empty is emptied first.
static void remove_all(const char *name)
{
    struct dirent entry;
    struct stat found;
    if (unlink(name) == 0)
        return;
    CHECK(stat(name, &found) == 0 && found.type == T_DIR && chdir(name) == 0);
    for (int left = 1; left;) {
        int fd = open(".", O_RDONLY);
        left = 0;
        while (!left && read(fd, &entry, sizeof entry) > 0)
            left = strcmp(entry.name, ".") && strcmp(entry.name, "..");
        CHECK(close(fd) == 0);
        if (left) {
            char below_here[DIRSIZ + 1] = {0};
            memmove(below_here, entry.name, DIRSIZ);
            remove_all(below_here);
        }
    }
    CHECK(chdir("..") == 0 && unlink(name) == 0);
}

int main(int argc, char **argv)
{
    int seconds = argc > 1 ? atoi(argv[1]) : 20, processes = argc > 2 ? atoi(argv[2]) : 5, bad = 0, status;
    state = argc > 3 ? (uint)atoi(argv[3]) : 1;
    running = "xstress";
    int end = uptime() + seconds * 10;
    CHECK(mkdir(DIRECTORY) == 0 && mkdir(WORK) == 0);
    for (int i = 0; i < processes; i++, below(7))
        if (must_fork() == 0)
            run(end);
    while (wait(&status) > 0)
        bad += status != 0;
    pause(5); // orphans that still write
    CHECK(chdir("/") == 0);
    remove_all("xv6test");
    printf("1..1\n%sok 1 - xstress # %d.000 s\n", bad ? "not " : "", seconds);
    exit(bad != 0);
}
