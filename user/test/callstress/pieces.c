// SPDX-License-Identifier: MIT
// Addresses, names and structures for arguments: mostly ones that make sense, some that do not, and those
// that hardly do. What a call reads is put into the scratch memory of the life; what it writes goes to the
// arena, for the program needs its own. Nothing outside of ROOT may be changed: names of other files are for
// looking at, and so is "..".
#include "pieces.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include "uapi/limits.h"
#include "uapi/resource.h"
#include "uapi/futex.h"
#include "uapi/signal.h"

static char *put(char *at, const char *text)
{
    while ((*at = *text++))
        at++;
    return at;
}

static void *scratch(struct life *life, unsigned bytes)
{
    unsigned at = life->scratch_used;
    if (at + bytes > SCRATCH_BYTES)
        at = 0;
    life->scratch_used = at + ((bytes + 7) & ~7u);
    return life->scratch + at;
}

uint64_t bits(struct life *life)
{
    return next_random(life) << 40 ^ next_random(life) << 20 ^ next_random(life);
}

// What lies in the program's own data is not asked for: other lives have their arguments there.
static uint64_t not_ours(uint64_t address)
{
    extern char end[];
    return address - KINE_USER_BASE < (uint64_t)end - KINE_USER_BASE ? 0 : address;
}

// No address for anything, or not for all of it.
uint64_t hostile(struct life *life)
{
    switch (below(life, 16)) {
    case 0:
        return 0;
    case 1:
        return below(life, KINE_USER_BASE);
    case 2:
        return KINE_USER_END - below(life, 2 * PAGE_BYTES);
    case 3:
        return KINE_USER_END + below(life, PAGE_BYTES);
    case 4: // the direct map, the kernel's image
        return PICK(life, 0xffffffc000000000, 0xffffffc080200000, 0xffffffff80000000, 0xffffffd000000000) +
               below(life, 1 << 20);
    case 5:
        return -(uint64_t)below(life, PAGE_BYTES);
    case 6:
        return ARENA_READ + below(life, 4 * PAGE_BYTES);
    case 7:
        return ARENA_NONE + below(life, 4 * PAGE_BYTES);
    case 8:
    case 9:
        return ARENA_HOLE - below(life, 256);
    case 10:
        return ARENA_HOLE + below(life, PAGE_BYTES);
    case 11: // text
        return ((uint64_t)&invent & ~0xfffull) + below(life, PAGE_BYTES);
    case 12:
        return not_ours(bits(life));
    case 13:
        return not_ours(1ull << below(life, 64));
    case 14:
        return ARENA_NONE - below(life, 64);
    default:
        return edge_of(life) + PAGE_BYTES - below(life, 24);
    }
}

uint64_t out(struct life *life)
{
    if (CHANCE(life, 8))
        return hostile(life);
    uint64_t page = below(life, 8) ? below(life, 40) : below(life, ARENA_PAGES);
    return ARENA + page * PAGE_BYTES + (below(life, 3) ? below(life, 500) * 8 : below(life, PAGE_BYTES));
}

static uint64_t at_edge(struct life *life, const void *data, unsigned bytes)
{
    if (below(life, 10) || bytes > PAGE_BYTES || !life->has_edge)
        return (uint64_t)data;
    uint64_t address = edge_of(life) + PAGE_BYTES - bytes;
    memcpy((void *)address, data, bytes);
    return address;
}

// What was put together, mostly where it is; or moved to the end of a page behind which there is none; or not
// there.
uint64_t in(struct life *life, const void *data, unsigned bytes)
{
    if (CHANCE(life, 12))
        return hostile(life);
    uint64_t address = at_edge(life, data, bytes);
    return address == (uint64_t)data ? address : address + (CHANCE(life, 4) ? below(life, bytes) : 0);
}

uint64_t descriptor(struct life *life)
{
    if (below(life, 12))
        return below(life, below(life, 4) ? 20 : 40);
    return PICK(life, -1ul, (uint32_t)-1, (uint64_t)AT_FDCWD, 999, 1024, 1025, INT32_MAX, (uint32_t)INT32_MIN,
                1ul << 32, ~0ul >> 1);
}

// Where settle() in life.c has put one of these, mostly.
uint64_t descriptor_of(struct life *life, unsigned first, unsigned count)
{
    return below(life, 3) ? first + below(life, count) : descriptor(life);
}

// --- names ------------------------------------------------------------------------------------------------

static const char *const parts[] = {"a", "b", "c", "e", "d1", "d2", "d1", "l1", "l2", "."};

static unsigned add_name(struct life *life, char *at)
{
    if (below(life, 40))
        return (unsigned)(put(at, parts[below(life, sizeof parts / sizeof *parts)]) - at);
    unsigned bytes = PICK(life, NAME_MAX, NAME_MAX, NAME_MAX + 1, 100, 3000);
    for (unsigned i = 0; i < bytes; i++)
        at[i] = CHANCE(life, 30) ? (char)(0x80 | below(life, 128)) : 'n';
    at[bytes] = '\0';
    return bytes;
}

// A name that may be changed. The end of "d1/a" is "/a": so never a piece of one, nor where one may have been
// left.
static uint64_t name_in(struct life *life, const char *text, unsigned bytes)
{
    if (below(life, 12))
        return at_edge(life, text, bytes);
    for (;;) {
        uint64_t address = hostile(life);
        if (address - ARENA >= ARENA_PAGES * PAGE_BYTES && address - EDGE >= SLOTS * EDGE_BYTES &&
            address - (uint64_t)&invent + PAGE_BYTES >= 2 * PAGE_BYTES)
            return address;
    }
}

// up: with "..", which behind links leads anywhere.
static uint64_t name_of(struct life *life, bool up)
{
    char *text = scratch(life, PATH_MAX + 300), *at = text;
    if (CHANCE(life, 4))
        at += snprintf(at, 40, ROOT "/%s%u%s", CHANCE(life, 8) ? "/" : "", below(life, shared->processes + 1),
                       CHANCE(life, 8) ? "" : "/");
    unsigned count = below(life, 30) ? 1 + below(life, 4) / 3 * below(life, 3) : below(life, 2) * 60;
    if (!up && at > text && !count)
        count = 1; // the directory of a process itself is not to be renamed: its lives begin there
    *at = '\0';
    for (unsigned i = 0; i < count && at - text < PATH_MAX - 3500; i++) {
        at += add_name(life, at);
        if (up && CHANCE(life, 6))
            at = put(at, "/..");
        at = put(at, i + 1 < count || CHANCE(life, 12) ? CHANCE(life, 10) ? "//" : "/" : "");
    }
    while (at > text && CHANCE(life, 60) && at - text < PATH_MAX + 4) // as long as may be, or a byte longer
        at = put(at, "/.");
    unsigned bytes = (unsigned)(at - text) + 1;
    return up ? in(life, text, bytes) : name_in(life, text, bytes);
}

uint64_t path(struct life *life)
{
    return name_of(life, false);
}

uint64_t see_path(struct life *life)
{
    static const char *const names[] = {"/",
                                        "/dev",
                                        "/proc",
                                        "/dev/null",
                                        "/dev/zero",
                                        "/dev/console",
                                        "/dev/fail-nth",
                                        "/proc/self",
                                        "/proc/self/maps",
                                        "/proc/self/stat",
                                        "/proc/self/kine_map",
                                        "/proc/meminfo",
                                        "/proc/slabinfo",
                                        "/proc/1",
                                        "/proc/swaps",
                                        "/proc/9999/stat",
                                        "/proc/self/maps/x",
                                        "/bin",
                                        "/bin/true",
                                        "/etc",
                                        "..",
                                        ""};
    if (below(life, 3))
        return name_of(life, true);
    const char *name = names[below(life, sizeof names / sizeof *names)];
    return in(life, name, (unsigned)strlen(name) + 1);
}

// To open, for reading alone unless it is below ROOT or is no matter.
uint64_t open_path(struct life *life, uint64_t *flags)
{
    static const char *const read_only[] = {
        "/dev/console", "/proc/meminfo", "/proc/self/maps",    "/proc/self/stat", "/proc/slabinfo",
        "/proc",        "/dev",          "/proc/self/kine_map"};
    static const char *const any[] = {"/dev/null", "/dev/zero", "/dev/fail-nth"};
    if (below(life, 4))
        return path(life);
    bool read = below(life, 2);
    const char *name = read ? read_only[below(life, sizeof read_only / sizeof *read_only)]
                            : any[below(life, sizeof any / sizeof *any)];
    if (read)
        *flags &= ~(uint64_t)(O_ACCMODE | O_TRUNC | O_CREAT | O_APPEND);
    return (uint64_t)name;
}

uint64_t exec_path(struct life *life)
{
    static const char *const names[] = {"/test/callstress",
                                        "/test/callstress",
                                        "/bin/true",
                                        ROOT "/program",
                                        ROOT "/script",
                                        "/dev/null",
                                        "/bin",
                                        "/proc/meminfo",
                                        ""};
    return CHANCE(life, 4) ? path(life) : (uint64_t)names[below(life, sizeof names / sizeof *names)];
}

// --- memory -----------------------------------------------------------------------------------------------

uint64_t address(struct life *life)
{
    if (CHANCE(life, 25))
        return CHANCE(life, 4) ? hostile(life) : hostile(life) & ~0xfffull;
    return ARENA + below(life, ARENA_PAGES) * PAGE_BYTES + (CHANCE(life, 25) ? below(life, PAGE_BYTES) : 0);
}

uint64_t length(struct life *life)
{
    switch (below(life, 40)) {
    case 0:
        return PICK(life, 0, 1ul << 21, 1ul << 25, 1ul << 38, ~0ul, ~0ul - 4095, 1ul << 63, ~0ul >> 1,
                    KINE_USER_END, 1ul << 32, KINE_USER_END - ARENA);
    case 1:
        return 1 + below(life, 1024) * PAGE_BYTES;
    case 2:
        return below(life, 20 * PAGE_BYTES);
    default:
        return (1 + below(life, below(life, 2) ? 4 : 16)) * PAGE_BYTES;
    }
}

uint64_t byte_count(struct life *life)
{
    switch (below(life, 10)) {
    case 0:
        return 0;
    case 1:
        return PAGE_BYTES - 2 + below(life, 4);
    case 2:
        return below(life, 20 * PAGE_BYTES);
    case 3:
        return CHANCE(life, 3)
                   ? PICK(life, ~0ul, ~0ul >> 1, 1ul << 63, 1ul << 31, 1ul << 32, 1ul << 20, KINE_USER_END)
                   : 8;
    default:
        return 1 + below(life, 600);
    }
}

uint64_t offset(struct life *life)
{
    if (CHANCE(life, 12))
        return PICK(life, -1ul, ~0ul >> 1, 1ul << 63, 1ul << 31, 1ul << 32, 1ul << 40, (1ul << 32) - 1,
                    -4096ul, (~0ul >> 1) - 4095, 1ul << 44, (12ul + 1024) << 12, (12ul + 256) << 10);
    return CHANCE(life, 2) ? below(life, 16) * PAGE_BYTES : below(life, 40000);
}

uint64_t vector(struct life *life)
{
    struct iovec *all = scratch(life, 64 * sizeof *all);
    for (unsigned i = 0; i < 64; i++) {
        all[i].iov_base = (void *)(below(life, 20) ? out(life) : hostile(life));
        all[i].iov_len = i < 8 && below(life, 20) ? below(life, 3000) : byte_count(life);
    }
    return in(life, all, 8 * sizeof *all);
}

uint64_t map_flags(struct life *life)
{
    uint64_t flags = PICK(life, MAP_PRIVATE, MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS,
                          MAP_SHARED, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED_VALIDATE);
    if (CHANCE(life, 2))
        flags |= PICK(life, MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_POPULATE, MAP_POPULATE | MAP_FIXED,
                      MAP_GROWSDOWN, MAP_STACK, MAP_NORESERVE, MAP_LOCKED);
    return CHANCE(life, 15) ? flags ^ 1u << below(life, 22) : flags;
}

// --- structures -------------------------------------------------------------------------------------------

static void set_time(struct life *life, int64_t *time, bool soon)
{
    time[0] = 0;
    time[1] = below(life, 2) ? 0 : below(life, 400000);
    if (CHANCE(life, 20)) {
        time[0] = (int64_t)PICK(life, -1ul, 1ul << 63, 1, ~0ul >> 1);
        time[1] = (int64_t)PICK(life, -1ul, 1000000000, 1ul << 63, 999999999, UTIME_NOW, UTIME_OMIT);
    }
    if (soon) { // a time of the clock that counts from the start
        unsigned long now = now_ns() + below(life, 400000);
        time[0] = (int64_t)(now / 1000000000);
        time[1] = (int64_t)(now % 1000000000);
    }
}

// No time at all is for ever: seldom.
uint64_t timeout(struct life *life)
{
    int64_t *time = scratch(life, 32);
    set_time(life, time, CHANCE(life, 3));
    set_time(life, time + 2, false);
    return CHANCE(life, 30) ? 0 : in(life, time, 16);
}

uint64_t poll_set(struct life *life)
{
    struct pollfd *all = scratch(life, 8 * sizeof *all);
    for (unsigned i = 0; i < 8; i++)
        all[i] = (struct pollfd){.fd = (int)descriptor(life), .events = (int16_t)next_random(life)};
    return in(life, all, 8 * sizeof *all);
}

uint64_t action(struct life *life)
{
    struct kernel_sigaction *action = scratch(life, sizeof *action);
    *action = (struct kernel_sigaction){.handler = PICK(life, 0, 0, 1, 1, 2, ARENA), .flags = bits(life)};
    return CHANCE(life, 3) ? 0 : in(life, action, sizeof *action);
}

uint64_t limit(struct life *life)
{
    struct rlimit *wanted = scratch(life, sizeof *wanted);
    *wanted = (struct rlimit){PICK(life, 0, 1024, RLIM_INFINITY), PICK(life, 1024, RLIM_INFINITY)};
    return CHANCE(life, 2) ? 0 : in(life, wanted, sizeof *wanted);
}

// What is robust: a few entries, a circle of them, or nowhere.
uint64_t robust_head(struct life *life)
{
    struct robust_list_head *head = scratch(life, sizeof *head);
    uint64_t *entry = scratch(life, 3 * sizeof *entry);
    head->list = CHANCE(life, 5) ? hostile(life) : (uint64_t)entry;
    head->offset =
        CHANCE(life, 5) ? (int64_t)bits(life) : (int64_t)(WORDS - (uint64_t)entry + below(life, 16));
    head->pending = CHANCE(life, 2) ? 0 : CHANCE(life, 2) ? hostile(life) : (uint64_t)(entry + 2);
    entry[0] = CHANCE(life, 4) ? (uint64_t)entry : (uint64_t)(entry + 1);
    entry[1] = CHANCE(life, 4) ? hostile(life) : (uint64_t)head;
    entry[2] = (uint64_t)head;
    return in(life, head, sizeof *head);
}

uint64_t strings(struct life *life)
{
    static const char long_text[] = {[0 ... 3000] = 'x', [3001] = '\0'};
    const char **all = scratch(life, 50 * sizeof *all);
    unsigned count = below(life, 20) ? below(life, 4) : 49;
    for (unsigned i = 0; i < count; i++)
        all[i] = CHANCE(life, 20)   ? (const char *)hostile(life)
                 : CHANCE(life, 10) ? long_text
                                    : parts[below(life, sizeof parts / sizeof *parts)];
    all[count] = NULL;
    return CHANCE(life, 10) ? 0 : in(life, all, (count + 1) * sizeof *all);
}
