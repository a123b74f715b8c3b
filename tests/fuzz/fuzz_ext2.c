// SPDX-License-Identifier: MIT
//
// ext2 on a disk with a few numbers changed, then calls of a program, then the end of it all: whatever the
// disk says, the calls return, no byte outside of a block is touched (see fs_machine.h), and nothing is left
// when it is unmounted.
//
// The input: how many patches, a seed (a multiple of 8: the disk fails now and then); the patches
// (ext2_image.h); calls.

#include "tests/host/ext2_work.h" // first: it says what of the C library is wanted

#include "lib/log.h"
#include "tests/fuzz/ext2_image.h"
#include "tests/fuzz/ext2_unmount.h"
#include "tests/fuzz/records.h"

#define PATCHES_MOST 12
#define CALLS_MOST   40
#define HERE         ((uint64_t)AT_FDCWD)

struct call {
    uint8_t what, name, other, file;
    uint16_t bytes;
    uint16_t at;
};

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed);

static size_t objects_at_rest;
static int64_t open_files[4];
static char buffer[6000];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    ext2_image_load(FUZZ_IMAGE);
    fs_machine_boot(ext2_image_disk(), 8, 1);
    fs_disk_written = ext2_image_changed;
    log_set_sink(NULL);
    objects_at_rest = ext2_objects_left();
    return 0;
}

static const char *name(uint8_t number)
{
    static const char *const names[] = {".",          "a",         "b",
                                        "c",          "d",         "g",
                                        "d/long",     "d/e",       "d/e/b",
                                        "d/e/f",      "d/many-7",  "d/many-60",
                                        "lost+found", "new",       "d/new",
                                        "g/new",      "d/e/f/new", "new/x",
                                        "a/b",        "d/..",      "d/e/../many-1",
                                        "c/",         "g/",        "lost+found/x",
                                        "d/many-8"};
    static char longest[300];
    unsigned at = number % (sizeof(names) / sizeof(*names) + 1);
    if (at < sizeof(names) / sizeof(*names))
        return names[at];
    sprintf(longest, "g/%0*d", 200 + number / 4, 7);
    return longest;
}

// Near the start, or where another level of indirect blocks begins.
static uint64_t offset(const struct call *call)
{
    static const uint64_t places[] = {
        0, 0, 12 << 10, 268 << 10, 65804 << 10, 70000 << 10, (1ull << 31) - 1000, 1ull << 33};
    return places[call->at >> 13] + (call->at & 0x1fff);
}

static void list(int64_t fd)
{
    for (unsigned i = 0; i < 10 && sys_getdents64((uint64_t)fd, (uint64_t)buffer, sizeof(buffer)) > 0; i++) {
    }
}

static void on_file(const struct call *call)
{
    int64_t *fd = &open_files[call->file % 4];
    static const uint64_t flags[] = {O_RDWR,
                                     O_RDWR | O_CREAT,
                                     O_RDWR | O_CREAT | O_TRUNC,
                                     O_RDONLY | O_DIRECTORY,
                                     O_WRONLY | O_APPEND,
                                     O_RDWR | O_CREAT | O_EXCL,
                                     O_RDONLY | O_NOFOLLOW,
                                     O_RDONLY};
    uint64_t bytes = call->bytes % sizeof(buffer);
    switch (call->what % 8) {
    case 0: case 1:
        if (*fd >= 0)
            CHECK(sys_close((uint64_t)*fd) == 0);
        *fd = sys_openat(HERE, (uint64_t)name(call->name), flags[call->other % 8], 0644);
        break;
    case 2: sys_pread64((uint64_t)*fd, (uint64_t)buffer, bytes, offset(call)); break;
    case 3: sys_pwrite64((uint64_t)*fd, (uint64_t)buffer, bytes, offset(call)); break;
    case 4: sys_ftruncate((uint64_t)*fd, offset(call)); break;
    case 5: sys_fsync((uint64_t)*fd); break;
    default: list(*fd);
    }
}

static void on_name(const struct call *call)
{
    struct kine_stat stat;
    uint64_t first = (uint64_t)name(call->name), second = (uint64_t)name(call->other);
    switch (call->what % 16) {
    case 0: sys_mkdirat(HERE, first, 0755); break;
    case 1: case 2: sys_unlinkat(HERE, first, 0); break;
    case 3: sys_unlinkat(HERE, first, AT_REMOVEDIR); break;
    case 4: sys_linkat(HERE, first, HERE, second, 0); break;
    case 5:
    case 6:
        sys_renameat2(HERE, first, HERE, second, call->file % 3 == 0 ? RENAME_NOREPLACE : 0);
        break;
    case 7: sys_symlinkat(second, HERE, first); break;
    case 8: sys_readlinkat(HERE, first, (uint64_t)buffer, sizeof(buffer)); break;
    case 9: sys_truncate(first, offset(call)); break;
    case 10: sys_fchmodat(HERE, first, call->bytes & 0777); break;
    case 11: sys_utimensat(HERE, first, 0, 0); break;
    case 12: sys_mknodat(HERE, first, S_IFREG | 0600, 0); break;
    case 13: sys_statfs(first, (uint64_t)buffer); break;
    case 14: sys_sync(); break;
    default: sys_newfstatat(HERE, first, (uint64_t)&stat, call->file % 2 ? AT_SYMLINK_NOFOLLOW : 0);
    }
}

static void session(const struct call *calls, size_t count, uint64_t seed)
{
    if (fs_machine_mount() != 0)
        return;
    memset(open_files, -1, sizeof(open_files));
    for (size_t i = 0; i < count && i < CALLS_MOST; i++)
        if (calls[i].what < 128)
            on_file(&calls[i]);
        else
            on_name(&calls[i]);
    fs_machine_end_process(seed);
    fs_machine_check_quiet();
    ext2_unmount();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct patch patches[PATCHES_MOST] = {0};
    struct call calls[CALLS_MOST] = {0};
    size_t patch_count = bytes ? data[0] % (PATCHES_MOST + 1) : 0, rest = bytes > 2 ? bytes - 2 : 0;
    size_t patch_bytes = patch_count * sizeof(*patches);
    if (patch_bytes > rest)
        return 0;
    rest -= patch_bytes;
    rest = rest < sizeof(calls) ? rest : sizeof(calls);
    memcpy(patches, data + 2, patch_bytes);
    memcpy(calls, data + 2 + patch_bytes, rest);
    uint64_t seed = bytes > 1 ? data[1] : 1;
    fs_disk_error_one_in = seed % 8 ? 0 : 30;
    ext2_image_write(patches, (unsigned)patch_count);
    session(calls, rest / sizeof(*calls), seed);
    CHECK(ext2_objects_left() == objects_at_rest);
    return 0;
}

// One in four is libFuzzer's own; else a patch or a call comes, goes or changes.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t bytes, size_t most, unsigned seed)
{
    size_t patch_count = bytes ? data[0] % (PATCHES_MOST + 1) : 0,
           calls_at = 2 + patch_count * sizeof(struct patch);
    if (bytes < calls_at || seed % 4 == 0)
        return LLVMFuzzerMutate(data, bytes, most);
    struct records records = {data, bytes, most, 2, sizeof(struct patch), calls_at};
    if (seed % 4 == 1) {
        records = (struct records){data, bytes, most, calls_at, sizeof(struct call), bytes};
        return records_mutate(&records, seed / 4);
    }
    size_t after = records_mutate(&records, seed / 4);
    data[0] = (uint8_t)(patch_count + (after > bytes) - (after < bytes));
    return after;
}
