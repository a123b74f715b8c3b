// SPDX-License-Identifier: MIT
// mapstress [SEED [OPERATIONS [PROCESSES]]]: random mappings against an oracle, in several processes at once.
//
// Each process has an arena of pages at a fixed place, a file and a memfd. It maps, unmaps, protects, moves,
// discards, stores, reads and writes by system call, truncates, syncs and forks as a seeded generator says, and
// keeps beside it what every byte must be: a page's own bytes, or the bytes of the file page it shows. Those of
// the files are in shared memory, for a child's stores are its parent's as well.
#include <sys/mman.h>
#include "ktap.h"

#define ARENA   ((char *)0x200000000)
#define PAGES   96
#define BACKED  24 // pages of each of the two files
#define RW      (PROT_READ | PROT_WRITE)
#define PRIVATE (-1)

typedef unsigned char page_bytes[PAGE];

// What the oracle knows of a page of the arena.
static struct cell {
    bool mapped, shared, copied; // copied: a page of a private mapping of a file that has its own bytes
    int protection, file, index; // file PRIVATE: memory. index beyond BACKED: past the end, SIGBUS
} cells[PAGES];
static page_bytes own[PAGES];
static page_bytes (*files)[BACKED];
static int fds[2], scratch;
static unsigned long random_state;
static unsigned worker;
static long step;

static unsigned below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state >> 20) % limit;
}

static void check(bool good, const char *what, int page)
{
    if (good)
        return;
    printf("# process %u, step %ld, page %d: %s (%s)\n", worker, step, page, what, strerror(errno));
    fflush(stdout);
    _exit(1);
}

static char *at(int page)
{
    return ARENA + (long)page * PAGE;
}

static bool past_end(int page)
{
    return cells[page].file != PRIVATE && !cells[page].copied && cells[page].index >= BACKED;
}

// Where the bytes of a page are kept that is mapped and not past the end.
static unsigned char *bytes_of(int page)
{
    const struct cell *cell = &cells[page];
    return cell->file == PRIVATE || cell->copied ? own[page] : files[cell->file][cell->index];
}

static bool usable(int page, int protection)
{
    return cells[page].mapped && (cells[page].protection & protection) == protection && !past_end(page);
}

static void check_page(int page)
{
    if (usable(page, PROT_READ)) {
        check(!memcmp(at(page), bytes_of(page), PAGE), "wrong bytes", page);
    } else {
        errno = 0;
        check(pwrite(scratch, at(page), 1, 0) == -1 && errno == EFAULT, "is there and should not be", page);
    }
}

static void check_all(void)
{
    for (int page = 0; page < PAGES; page++)
        check_page(page);
}

// --- the operations -------------------------------------------------------------------------------------------

static void set_zero(int first, int count)
{
    for (int page = first; page < first + count; page++)
        memset(own[page], 0, PAGE);
}

static void do_map(int first, int count)
{
    static const int protections[] = {PROT_NONE, PROT_READ, PROT_READ, RW, RW, RW, RW, RW};
    struct cell cell = {.mapped = true, .protection = protections[below(8)], .file = (int)below(3) - 1};
    cell.shared = cell.file != PRIVATE && below(2);
    cell.index = (int)below(BACKED);
    int flags = MAP_FIXED | (cell.shared ? MAP_SHARED : MAP_PRIVATE) | (cell.file == PRIVATE ? MAP_ANONYMOUS : 0) |
                (below(4) ? 0 : MAP_POPULATE);
    check(mmap(at(first), (size_t)count * PAGE, cell.protection, flags, cell.file == PRIVATE ? -1 : fds[cell.file],
               (off_t)cell.index * PAGE) == at(first), "mmap", first);
    // A private page that is populated is written, and thus a copy.
    bool copied = flags & MAP_POPULATE && cell.protection == RW && cell.file != PRIVATE && !cell.shared;
    set_zero(first, count);
    for (int i = 0; i < count; i++, cell.index++) {
        cells[first + i] = cell;
        if (copied && cell.index < BACKED) {
            memcpy(own[first + i], files[cell.file][cell.index], PAGE);
            cells[first + i].copied = true;
        }
    }
}

static void do_unmap(int first, int count)
{
    check(munmap(at(first), (size_t)count * PAGE) == 0, "munmap", first);
    memset(&cells[first], 0, (size_t)count * sizeof(struct cell));
}

static bool has_hole(int first, int count)
{
    bool hole = false;
    for (int page = first; page < first + count; page++)
        hole |= !cells[page].mapped;
    return hole;
}

static void do_protect(int first, int count)
{
    static const int protections[] = {PROT_NONE, PROT_READ, RW, RW};
    int protection = protections[below(4)], result = mprotect(at(first), (size_t)count * PAGE, protection);
    bool hole = has_hole(first, count);
    check(hole ? result == -1 && errno == ENOMEM : result == 0, "mprotect", first);
    for (int page = first; !hole && page < first + count; page++)
        cells[page].protection = protection;
}

static void do_discard(int first, int count)
{
    int result = madvise(at(first), (size_t)count * PAGE, MADV_DONTNEED);
    check(has_hole(first, count) ? result == -1 && errno == ENOMEM : result == 0, "madvise", first);
    for (int page = first; page < first + count; page++)
        if (!cells[page].shared) {
            memset(own[page], 0, PAGE);
            cells[page].copied = false;
        }
}

// One region, as the kernel must see it: pages alike that follow each other.
static bool is_one(int first, int count)
{
    for (int page = first; page < first + count; page++) {
        const struct cell *cell = &cells[page], *before = &cells[page > first ? page - 1 : page];
        if (!cell->mapped || cell->shared != before->shared || cell->protection != before->protection ||
            cell->file != before->file || (cell->file != PRIVATE && page > first && cell->index != before->index + 1))
            return false;
    }
    return true;
}

static void do_remap(int first, int count)
{
    static struct cell moved[PAGES];
    static page_bytes moved_bytes[PAGES];
    int new_count = below(2) ? count : 1 + (int)below(12), to = (int)below(PAGES), kept = count < new_count ? count : new_count;
    if (to + new_count > PAGES || (first + count > to && to + new_count > first))
        return;
    void *result = mremap(at(first), (size_t)count * PAGE, (size_t)new_count * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at(to));
    if (!is_one(first, kept)) {
        check(result == MAP_FAILED && errno == EFAULT, "mremap of what is not one mapping", first);
        return;
    }
    check(result == at(to), "mremap", first);
    memcpy(moved, &cells[first], sizeof moved[0] * (size_t)kept);
    memcpy(moved_bytes, own[first], PAGE * (size_t)kept);
    for (int i = kept; i < new_count; i++) {
        moved[i] = moved[0];
        moved[i].copied = false;
        moved[i].index = moved[0].index + i;
        memset(moved_bytes[i], 0, PAGE);
    }
    memset(&cells[first], 0, (size_t)count * sizeof(struct cell));
    memcpy(&cells[to], moved, sizeof moved[0] * (size_t)new_count);
    memcpy(own[to], moved_bytes, PAGE * (size_t)new_count);
}

// Some bytes of a page, by stores or by the kernel (read).
static void do_store(int page)
{
    unsigned char bytes[64];
    unsigned count = 1 + below(sizeof bytes), offset = below(PAGE - count + 1), by_kernel = below(4) == 0;
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (unsigned char)below(256);
    if (!usable(page, RW)) {
        check_page(page);
        return;
    }
    if (by_kernel)
        check(pwrite(scratch, bytes, count, 0) == count && pread(scratch, at(page) + offset, count, 0) == count,
              "read into memory", page);
    else
        memcpy(at(page) + offset, bytes, count);
    struct cell *cell = &cells[page];
    if (cell->file != PRIVATE && !cell->shared && !cell->copied) {
        memcpy(own[page], bytes_of(page), PAGE);
        cell->copied = true;
    }
    memcpy(bytes_of(page) + offset, bytes, count);
}

static void do_file(int file)
{
    unsigned char bytes[100], back[PAGE];
    int index = (int)below(BACKED), offset = (int)below(PAGE - sizeof bytes);
    memset(bytes, (int)below(256), sizeof bytes);
    check(pwrite(fds[file], bytes, sizeof bytes, (off_t)index * PAGE + offset) == sizeof bytes, "pwrite", index);
    memcpy(files[file][index] + offset, bytes, sizeof bytes);
    index = (int)below(BACKED);
    check(pread(fds[file], back, PAGE, (off_t)index * PAGE) == PAGE && !memcmp(back, files[file][index], PAGE),
          "pread", index);
}

// Shorter and at once longer again: what was cut off is zero, the copies of private mappings are not touched.
static void do_truncate(int file)
{
    size_t keep = below(BACKED * PAGE);
    check(ftruncate(fds[file], (off_t)keep) == 0 && ftruncate(fds[file], BACKED * PAGE) == 0, "ftruncate", (int)(keep / PAGE));
    memset((char *)files[file] + keep, 0, BACKED * PAGE - keep);
}

static void do_sync(int first, int count)
{
    if (below(2)) {
        check(fsync(fds[below(2)]) == 0, "fsync", first);
        return;
    }
    int result = msync(at(first), (size_t)count * PAGE, MS_SYNC);
    check(has_hole(first, count) ? result == -1 && errno == ENOMEM : result == 0, "msync", first);
}

static void run(long operations, unsigned depth);

// A child that does the same for a while. It goes on beside its parent when both leave alone what they share.
static void do_fork(unsigned depth)
{
    unsigned long seed = random_state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        random_state = seed ^ 0x5555;
        run(40, depth + 1);
        check_all();
        _exit(0);
    }
    check(pid > 0, "fork", 0);
    int status = -1;
    check(waitpid(pid, &status, 0) == pid && status == 0, "a child has failed", status);
}

static int store_to_own(int byte)
{
    for (int page = 0; page < PAGES; page++)
        if (usable(page, RW) && !cells[page].shared) {
            struct cell *cell = &cells[page];
            memset(at(page), byte, PAGE / 2);
            if (cell->file != PRIVATE && !cell->copied)
                memcpy(own[page], bytes_of(page), PAGE);
            cell->copied |= cell->file != PRIVATE;
            memset(own[page], byte, PAGE / 2);
        }
    check_all();
    return byte;
}

static void do_fork_beside(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(store_to_own(1) - 1);
    check(pid > 0, "fork", 0);
    store_to_own(2);
    int status = -1;
    check(waitpid(pid, &status, 0) == pid && status == 0, "a child has failed", status);
}

static void run(long operations, unsigned depth)
{
    for (long i = 0; i < operations; i++, step++) {
        int first = (int)below(PAGES), count = 1 + (int)below(12), what = (int)below(100);
        count = first + count > PAGES ? PAGES - first : count;
        if (what < 12)
            do_map(first, count);
        else if (what < 16)
            do_unmap(first, count);
        else if (what < 26)
            do_protect(first, count);
        else if (what < 36)
            do_remap(first, count);
        else if (what < 40)
            do_discard(first, count);
        else if (what < 75)
            do_store(first);
        else if (what < 85)
            check_page(first);
        else if (what < 91)
            do_file(what % 2);
        else if (what < 93)
            do_truncate(what % 2);
        else if (what < 96)
            do_sync(first, count);
        else if (what < 98 && depth < 2)
            do_fork(depth);
        else if (what < 99)
            do_fork_beside();
        else
            check_all();
    }
}

static int work(unsigned long seed, long operations)
{
    char name[16];
    snprintf(name, sizeof name, "file%u", worker);
    fds[0] = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    fds[1] = memfd_create(name, 0);
    scratch = memfd_create("scratch", 0);
    files = mmap(NULL, 2 * sizeof *files, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(fds[0] >= 0 && fds[1] >= 0 && scratch >= 0 && files != MAP_FAILED, "mapstress");
    must(ftruncate(fds[0], BACKED * PAGE) == 0 && ftruncate(fds[1], BACKED * PAGE) == 0, "ftruncate");
    random_state = seed * 0x9e3779b97f4a7c15 + worker + 1;
    run(operations, 0);
    check_all();
    return 0;
}

int main(int argc, char **argv)
{
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    long operations = argc > 2 ? strtol(argv[2], NULL, 10) : 600;
    unsigned processes = argc > 3 ? (unsigned)atoi(argv[3]) : 3;
    pid_t pids[16];
    work_in("mapstress");
    must(processes <= 16, "processes");
    for (worker = 0; worker < processes; worker++) {
        fflush(stdout);
        pids[worker] = fork();
        must(pids[worker] >= 0, "fork");
        if (pids[worker] == 0)
            _exit(work(seed, operations));
    }
    for (unsigned i = 0; i < processes; i++)
        ok(exited(reap(pids[i]), 0), "process %u, seed %lu, %ld operations", i, seed, operations);
    return done();
}
