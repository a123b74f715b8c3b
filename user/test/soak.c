// SPDX-License-Identifier: MIT
// soak [SEED [OPERATIONS]]: random fork, exec, write, read, brk, kill and exit. The oracle: every process
// knows from its own small record what each of its pages must hold, and whenever it looks, all 4096 bytes
// must be as recorded; at its end it looks at all. A child's exit status is computed by its parent
// beforehand.
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 96, CHILDREN = 3, DEPTH = 5 };

static char pages[PAGES][PAGE] __attribute__((aligned(4096)));
static unsigned char record[PAGES]; // the byte that fills the page
static char *heap;                  // one more page that comes and goes, NULL while it is away
static unsigned char heap_record;
static struct {
    pid_t pid;
    int expected;
} children[CHILDREN];
static unsigned long seed;
static int depth;
static char *program;

static unsigned next_random(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static void check_page(const char *page, unsigned char byte, int number)
{
    for (int i = 0; i < PAGE; i++)
        if ((unsigned char)page[i] != byte)
            errx(99, "pid %d depth %d: page %d byte %d is %#x, must be %#x", getpid(), depth, number, i,
                 (unsigned char)page[i], byte);
}

static void check_all(void)
{
    for (int i = 0; i < PAGES; i++)
        check_page(pages[i], record[i], i);
    if (heap)
        check_page(heap, heap_record, PAGES);
}

static void write_page(int i)
{
    memset(pages[i], record[i] = next_random(256), PAGE);
}

// read(2) writes into the page: the kernel must break the sharing as the program's own store would.
static void read_page(int i)
{
    int ends[2];
    char fresh[PAGE];
    memset(fresh, next_random(256), PAGE);
    if (pipe(ends) < 0 || write(ends[1], fresh, PAGE) != PAGE || read(ends[0], pages[i], PAGE) != PAGE)
        err(98, "pipe");
    record[i] = fresh[0];
    close(ends[0]);
    close(ends[1]);
}

static void change_heap(void)
{
    if (heap) {
        sbrk(-PAGE);
        heap = NULL;
    } else if ((heap = sbrk(PAGE)) != (void *)-1) {
        check_page(heap, 0, PAGES);
        memset(heap, heap_record = next_random(256), PAGE);
    } else {
        heap = NULL;
    }
}

static void reap(int slot)
{
    int status;
    if (children[slot].expected == SIGKILL && kill(children[slot].pid, SIGKILL) < 0)
        err(94, "kill");
    if (waitpid(children[slot].pid, &status, 0) != children[slot].pid)
        err(97, "wait for %d", children[slot].pid);
    if ((status & 0xff7f) != children[slot].expected)
        errx(96, "child %d ended with %#x, expected %#x", children[slot].pid, status,
             children[slot].expected);
    children[slot].pid = 0;
}

static int live(int operations);

// The child lives as its parent does, becomes a new program, or lives until it is killed.
static void fork_child(int slot, int operations)
{
    unsigned long child_seed = seed ^ 0x9e3779b97f4a7c15u * (next_random(1 << 30) + 1);
    int way = next_random(4), code = next_random(90);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        if (errno != ENOMEM && errno != EAGAIN)
            err(95, "fork");
        return;
    }
    if (pid > 0) {
        children[slot].pid = pid;
        children[slot].expected = way == 3 ? SIGKILL : code << 8;
        return;
    }
    seed = child_seed;
    depth++;
    memset(children, 0, sizeof children);
    if (way == 2) {
        char words[4][24];
        snprintf(words[0], 24, "%lu", seed);
        snprintf(words[1], 24, "%d", operations / 2);
        snprintf(words[2], 24, "%d", depth);
        snprintf(words[3], 24, "%d", code);
        execv(program, (char *[]){program, words[0], words[1], words[2], words[3], NULL});
        if (errno != ENOMEM)
            err(93, "exec %s", program);
        _exit(code);
    }
    live(operations);
    while (way == 3 && getppid() == parent) // who has none to kill it any more ends by itself
        usleep(50000);
    _exit(code);
}

static int live(int operations)
{
    int forks = 0;
    for (int left = operations; left > 0; left--) {
        int slot = next_random(CHILDREN), page = next_random(PAGES);
        switch (next_random(8)) {
        case 0:
        case 1:
        case 2:
            write_page(page);
            break;
        case 3:
            read_page(page);
            break;
        case 4:
            check_page(pages[page], record[page], page);
            break;
        case 5:
            change_heap();
            break;
        default:
            if (children[slot].pid)
                reap(slot);
            else if (depth < DEPTH && next_random(4) == 0)
                fork_child(slot, left / 4), forks++;
        }
    }
    check_all();
    for (int slot = 0; slot < CHILDREN; slot++)
        if (children[slot].pid)
            reap(slot);
    check_all();
    return forks;
}

int main(int argc, char **argv)
{
    int operations = argc > 2 ? atoi(argv[2]) : 1000;
    program = argv[0][0] == '/' ? argv[0] : "/test/soak";
    seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
    depth = argc > 4 ? atoi(argv[3]) : 0;
    if (depth == 0)
        printf("soak: seed %lu, %d operations\n", seed, operations);
    fflush(stdout); // or a child would write it once more
    int forks = live(operations);
    if (argc > 4)
        return atoi(argv[4]);
    printf("soak: ok, %d children of the first process\n", forks);
    return 0;
}
