// SPDX-License-Identifier: MIT
// swapon(2), and then a page that is on the swap device is wanted back: each allocation on the way fails in turn
// (failnth.h), and who wanted the page is killed, or has it. Wants less memory than swap, and a kernel that does not
// use the swap disk on its own (./kine run --mem 32M --swap 64M --append swap=). What is free changes all the time
// once there is swap; the audit after this test counts frames and slots.
#include <sys/sysinfo.h>
#include "failnth.h"

static size_t pages;
static char *memory;

static unsigned long *word(size_t page)
{
    return (unsigned long *)(memory + page * PAGE);
}

// => returns the `skip`-th page that is not in memory
static size_t swapped_page(size_t skip)
{
    unsigned char there;
    for (size_t page = 0; page < pages; page++)
        if (mincore(word(page), PAGE, &there) == 0 && !(there & 1) && skip-- == 0)
            return page;
    must(false, "no page is on the swap device");
    return 0;
}

static int load_page(unsigned n, size_t page, bool store)
{
    arm(n);
    bool right = *(volatile unsigned long *)word(page) == page;
    if (store)
        *word(page) = ~page;
    outcome->left = disarm();
    outcome->over = true;
    return right && (!store || *word(page) == ~page) ? 0 : 1;
}

static void sweep_page(bool store)
{
    unsigned n = 0, died = 0, did_without = 0;
    bool good = true, untouched = false;
    while (good && !untouched && n < POINTS_MOST) {
        *outcome = (struct outcome){0};
        size_t page = swapped_page(++n);
        fflush(stdout);
        pid_t pid = fork();
        must(pid >= 0, "fork");
        if (pid == 0)
            _exit(load_page(n, page, store));
        int status = reap(pid);
        untouched = outcome->over && outcome->left;
        did_without += outcome->over && !outcome->left;
        died += killed(status, SIGKILL);
        good = exited(status, 0) || (!outcome->over && killed(status, SIGKILL));
    }
    printf("# swap-in, %s: %u points: %u killed, %u did without\n", store ? "store" : "load", n - untouched,
           died, did_without);
    ok(good && untouched && died, "%s a page that is on the swap device", store ? "store to" : "load from");
}

// It cannot be taken back: no rehearsal. The two failures are about to have all later allocations fail too.
static void sweep_swapon(void)
{
    char before[SNAPSHOT_BYTES], now[SNAPSHOT_BYTES];
    unsigned n = 0, failed = 0;
    bool same = true;
    int error = ENOMEM;
    for (int warm = 0; warm < 3; warm++) { // what is run and touched below is in memory from here on
        arm(0);
        must(error_of(syscall(SYS_swapon, "/dev/none", 0)) == ENOENT && disarm() == 0, "swapon of nothing");
        snapshot(before);
        settles(before, now, 1);
    }
    snapshot(before);
    while (error == ENOMEM && same && n < POINTS_MOST) {
        all_later = !all_later;
        arm(n += all_later);
        error = error_of(syscall(SYS_swapon, "/dev/vdb", 0));
        failed += error == ENOMEM && disarm() == 0;
        if (error == ENOMEM)
            same = settles(before, now, SETTLES_SHORT);
    }
    disarm();
    all_later = false;
    if (!same)
        print_differences(before, now);
    printf("# swapon: %u failed\n", failed);
    ok(error == 0 && same && failed && failed == 2 * (n - 1), "swapon");
}

int main(void)
{
    struct sysinfo info;
    start_sweeps();
    must(sysinfo(&info) == 0, "sysinfo");
    if (info.totalswap == 0)
        sweep_swapon();
    must(sysinfo(&info) == 0, "sysinfo");
    pages = info.totalram + info.totalswap / 8;
    if (info.totalswap < info.totalram) {
        skip("pages on the swap device", "less swap than memory");
        return done();
    }
    memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "mmap");
    for (size_t page = 0; page < pages; page++)
        *word(page) = page;
    sweep_page(false);
    sweep_page(true);
    size_t wrong = 0;
    for (size_t page = 0; page < pages; page++)
        wrong += *word(page) != page;
    ok(wrong == 0, "all pages are what they were");
    return done();
}
