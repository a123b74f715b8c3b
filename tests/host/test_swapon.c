// SPDX-License-Identifier: MIT
//
// swapon(2) on disks with good, strange and hostile headers, and pages moving through the block layer.

#include "arch/machine.h"
#include "dev/block.h"
#include "fs/pseudo.h"
#include "fs/swap.h"
#include "lib/syscalls.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "tests/host/fake_mm.h"
#include "uapi/errno.h"
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 64

static uint8_t bytes[PAGES][PAGE_SIZE];
static int device_error;
static unsigned requests;

static void submit(struct block_device *device, struct block_request *request)
{
    uint8_t *at = (uint8_t *)bytes + request->sector * SECTOR_BYTES;
    uint64_t end = device->sectors * SECTOR_BYTES;
    requests++;
    void *memory = phys_to_virt(request->address);
    CHECK(at + request->bytes <= (uint8_t *)bytes + (end < sizeof(bytes) ? end : sizeof(bytes)));
    memcpy(request->operation == BLOCK_READ ? memory : at, request->operation == BLOCK_READ ? at : memory, request->bytes);
    request->done(request, device_error);
}

static struct block_device disk = {.name = "vdb", .sectors = PAGES * SECTORS_PER_PAGE, .submit = submit};
static struct block_device root = {.name = "vda", .sectors = PAGES * SECTORS_PER_PAGE, .submit = submit};

// --- what fs/swap.c wants of the rest of the kernel -----------------------------------------------------------

static const char *boot_says;
static pseudo_show show;

struct dentry *root_dentry(void)
{
    static struct super_block super = {.device = &root};
    static struct inode inode = {.super = &super};
    static struct dentry top = {.inode = &inode};
    return &top;
}

void proc_register(const char *name, pseudo_show of)
{
    CHECK(strcmp(name, "swaps") == 0);
    show = of;
}

bool boot_argument(const char *name, char *value, size_t size)
{
    CHECK(strcmp(name, "swap") == 0);
    return boot_says && snprintf(value, size, "%s", boot_says) > 0;
}

int64_t copy_string_from_user(char *to, user_ptr_t from, size_t most)
{
    const char *text = (const char *)(uintptr_t)from.address;
    if (!text || strlen(text) >= most)
        return text ? -ENAMETOOLONG : -EFAULT;
    strcpy(to, text);
    return (int64_t)strlen(text);
}

// --- headers ----------------------------------------------------------------------------------------------

static void put(unsigned offset, uint32_t word)
{
    memcpy(bytes[0] + offset, &word, sizeof(word));
}

enum { VERSION = 1024, LAST_PAGE = 1028, BAD_COUNT = 1032, BAD = 1536, SIGNATURE = 4086 };

static void good_header(void)
{
    memset(bytes, 0, sizeof(bytes));
    put(VERSION, 1);
    put(LAST_PAGE, PAGES - 1);
    memcpy(bytes[0] + SIGNATURE, "SWAPSPACE2", 10);
}

static int64_t swapon(const char *name, uint64_t flags)
{
    return sys_swapon((uintptr_t)name, flags);
}

// One word of a good header is changed. => it is refused, and nothing is left behind
static void refuses(unsigned offset, uint32_t word)
{
    size_t free = frame_free_count();
    put(offset, word);
    CHECK(swapon("/dev/vdb", 0) == -EINVAL && swap_total_count() == 0 && frame_free_count() == free);
    fake_audit();
    good_header();
}

static void hostile_headers(void)
{
    static const uint32_t wrong_ends[] = {0, PAGES, PAGES + 1, 1u << 31, UINT32_MAX};
    good_header();
    for (unsigned i = 0; i < sizeof(wrong_ends) / sizeof(wrong_ends[0]); i++)
        refuses(LAST_PAGE, wrong_ends[i]);
    refuses(VERSION, 0);
    refuses(VERSION, 2);
    refuses(SIGNATURE, 0);
    memcpy(bytes[0] + SIGNATURE, "SWAP-SPACE", 10); // as before Linux 2.2
    CHECK(swapon("/dev/vdb", 0) == -EINVAL);
    good_header();
    refuses(BAD_COUNT, 1); // the bad page is number 0
    put(BAD_COUNT, 2);
    put(BAD, 5);
    refuses(BAD + 4, PAGES);
    put(BAD_COUNT, 1);
    refuses(BAD, UINT32_MAX);
    refuses(BAD_COUNT, PAGES - 1); // no page is good
    refuses(BAD_COUNT, 638);       // more than there is room for
    refuses(BAD_COUNT, UINT32_MAX);
}

static void on_huge_disk(void)
{
    size_t most = PAGE_SIZE * TABLE_ENTRIES / sizeof(struct swap_slot); // that one block has room for
    disk.sectors = (1ull << 33) * SECTORS_PER_PAGE;
    good_header();
    put(LAST_PAGE, UINT32_MAX);
    int64_t result = swapon("/dev/vdb", 0);
    if (result == 0)
        CHECK(swap_total_count() > PAGES && swap_total_count() < most &&
              swap_free_count() == swap_total_count());
    else
        CHECK((result == -EINVAL || result == -ENOMEM) && swap_total_count() == 0);
    fake_audit();
}

// The number of pages does not fit where its last page's number does. A process of its own, as there is no
// swapoff.
static void last_page_of_all(void)
{
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        on_huge_disk();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void names_and_errors(void)
{
    static char long_name[100];
    good_header();
    CHECK(swapon(NULL, 0) == -EFAULT && swapon(memset(long_name, 'x', 99), 0) == -ENOENT);
    CHECK(swapon("vdb", 0) == -ENOENT && swapon("/dev/vdc", 0) == -ENOENT && swapon("/dev/vdb", 1 << 20) == -EINVAL);
    CHECK(swapon("/dev/vda", 0) == -EBUSY); // has the root
    disk.read_only = true;
    CHECK(swapon("/dev/vdb", 0) == -EROFS);
    disk.read_only = false;
    device_error = -EIO;
    CHECK(swapon("/dev/vdb", 0) == -EIO);
    device_error = 0;
    fake_fail_countdown = 1;
    CHECK(swapon("/dev/vdb", 0) == -ENOMEM);
    fake_fail_countdown = 2;
    CHECK(swapon("/dev/vdb", 0) == -ENOMEM);
    fake_fail_countdown = 0;
    CHECK(swap_total_count() == 0);
    fake_audit();
}

static void show_says(const char *words)
{
    static char buffer[512];
    struct text text = {.buffer = buffer, .capacity = sizeof(buffer)};
    CHECK(show(&text) == 0 && strstr(buffer, words));
}

// Twice the bad page is one bad page; pages go where the header allows, neighbours in one request.
static void used(void)
{
    struct vm_space *space = vm_space_create();
    uint64_t word;
    good_header();
    put(BAD_COUNT, 3);
    put(BAD, 2);
    put(BAD + 4, 9);
    put(BAD + 8, 2);
    boot_says = "vdx";
    swap_init();
    show_says("Filename");
    CHECK(swap_total_count() == 0 && swapon("/dev/vdb", 0x8001) == 0 && swap_total_count() == PAGES - 3);
    CHECK(swapon("/dev/vdb", 0) == -EBUSY);
    memset(bytes, 0xee, sizeof(bytes));
    CHECK(fake_map(space, 0x100000, 32, VM_ANON, PT_R | PT_W) == 0);
    for (unsigned page = 0; page < 32; page++)
        CHECK(fake_store(space, 0, 0x100000 + page * PAGE_SIZE, page) == VM_FAULT_OK);
    requests = 0;
    CHECK(vm_spaces_reclaim(true) == 32 && swap_free_count() == PAGES - 3 - 32 && requests == 32);
    show_says("/dev/vdb\t\t\t\tpartition\t244\t\t128\t");
    CHECK(bytes[0][0] == 0xee && bytes[2][0] == 0xee && bytes[9][0] == 0xee && bytes[8][0] != 0xee);
    for (unsigned page = 0; page < 32; page++)
        CHECK(fake_load(space, 0, 0x100000 + page * PAGE_SIZE, &word) == VM_FAULT_OK && word == page);
    fake_audit();
    fake_space_put(space);
    CHECK(swap_free_count() == PAGES - 3);
}

int main(void)
{
    fake_mm_boot(4);
    block_device_register(&root);
    block_device_register(&disk);
    kfree(kmalloc(512)); // makes slabs known
    TEST(hostile_headers);
    TEST(last_page_of_all);
    TEST(names_and_errors);
    TEST(used);
}
