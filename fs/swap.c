// SPDX-License-Identifier: MIT
//
// The swap device: a block device with the header that mkswap writes into its first page, and swapon(2).
// Called by boot and system calls; mm/swap.c calls back to move pages. There is one at most, and no way to
// turn it off again: swapoff would have to find every leaf that names a slot, and memory for each page.
//
//   page 0:  1024 bytes of anything | version, last page, how many are bad | uuid, label | bad pages | name
//
// Nothing of the header is believed before it is checked: the disk may be anybody's.

#include "fs/swap.h"
#include "dev/block.h"
#include "fs/pseudo.h"
#include "arch/machine.h"
#include "lib/log.h"
#include "lib/syscalls.h"
#include "mm/swap.h"

#define SIGNATURE        "SWAPSPACE2"
#define SIGNATURE_BYTES  10
#define BAD_PAGES_MOST   ((PAGE_SIZE - SIGNATURE_BYTES - 1536) / 4)
#define SLOTS_MOST       ((uint32_t)(PAGE_SIZE * TABLE_ENTRIES / sizeof(struct swap_slot))) // one kmalloc
#define SWAPON_FLAGS     0x7ffff // priority and discard: there is no choice to make

struct header {
    uint8_t boot[1024];
    uint32_t version, last_page, bad_count;
    uint8_t names_and_padding[1536 - 1036];
    uint32_t bad[BAD_PAGES_MOST];
    uint8_t fill[(PAGE_SIZE - SIGNATURE_BYTES - 1536) % 4];
    char signature[SIGNATURE_BYTES];
};
_Static_assert(sizeof(struct header) == PAGE_SIZE, "the header is one page");

static const struct block_device *in_use; // set once

// All at once: the slots are within the device, as its header says and is_good() has checked.
static int transfer(void *device, bool write, const uint32_t *slots, struct frame *const *frames,
                    unsigned count)
{
    static struct block_request writing[SWAP_BATCH]; // of the one thread that writes: too large for a stack
    struct block_request reading, *requests = write ? writing : &reading;
    for (unsigned i = 0; i < count; i++)
        requests[i] = (struct block_request){.operation = write ? BLOCK_WRITE : BLOCK_READ,
                                             .sector = (uint64_t)slots[i] * SECTORS_PER_PAGE,
                                             .address = frame_address(frames[i]),
                                             .bytes = PAGE_SIZE};
    return block_transfer(device, requests, count);
}

static bool is_good(const struct header *header, const struct block_device *disk)
{
    if (memcmp(header->signature, SIGNATURE, SIGNATURE_BYTES) || header->version != 1 ||
        header->last_page == 0 || header->last_page >= disk->sectors / SECTORS_PER_PAGE ||
        header->bad_count >= header->last_page || header->bad_count > BAD_PAGES_MOST)
        return false;
    for (unsigned i = 0; i < header->bad_count; i++)
        if (header->bad[i] == 0 || header->bad[i] > header->last_page)
            return false;
    return true;
}

// The slots that a good header describes, as many as one block of memory can hold records of. NULL: no memory
static struct swap_slot *make_slots(const struct header *header, struct swap_device *swap)
{
    swap->slot_count = header->last_page < SLOTS_MOST ? header->last_page + 1 : SLOTS_MOST;
    swap->usable = swap->slot_count - 1;
    struct swap_slot *slots = kmalloc(swap->slot_count * sizeof(*slots));
    if (!slots)
        return NULL;
    slots[0].refs = SLOT_UNUSABLE;
    for (unsigned i = 0; i < header->bad_count; i++) {
        uint32_t bad = header->bad[i];
        if (bad >= swap->slot_count || slots[bad].refs)
            continue;
        slots[bad].refs = SLOT_UNUSABLE;
        swap->usable--;
    }
    return slots;
}

// => returns 0 or -errno; `page` is for the header
static int start(struct block_device *disk, struct frame *page)
{
    struct swap_device swap = {.name = disk->name, .disk = disk, .transfer = transfer};
    const struct header *header = frame_memory(page);
    uint32_t first = 0;
    int error = disk->sectors < SECTORS_PER_PAGE ? -EINVAL : transfer(disk, false, &first, &page, 1);
    if (error)
        return error;
    if (!is_good(header, disk))
        return -EINVAL;
    swap.slots = make_slots(header, &swap);
    error = swap.slots ? swap_start(&swap) : -ENOMEM;
    if (error)
        kfree(swap.slots);
    else
        in_use = disk;
    return error;
}

static int swap_on(const char *name)
{
    struct block_device *disk = block_device_find(name);
    if (!disk)
        return -ENOENT;
    if (disk->read_only || disk == root_dentry()->inode->super->device)
        return disk->read_only ? -EROFS : -EBUSY;
    struct frame *page = frame_alloc_reclaim(FRAME_KERNEL, 0, 0);
    if (!page)
        return -ENOMEM;
    int error = start(disk, page);
    frame_put(page);
    return error;
}

// /dev shows no block devices: a name is /dev/ and the device's own.
int64_t sys_swapon(uint64_t path, uint64_t flags)
{
    char name[32];
    int64_t length = copy_string_from_user(name, user_ptr(path), sizeof(name));
    if (length < 0)
        return length == -ENAMETOOLONG ? -ENOENT : length;
    if (flags & ~(uint64_t)SWAPON_FLAGS)
        return -EINVAL;
    return strncmp(name, "/dev/", 5) ? -ENOENT : swap_on(name + 5);
}

static int show_swaps(struct text *text)
{
    unsigned total = swap_total_count(), kib = PAGE_SIZE / 1024;
    text_append(text, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    if (in_use)
        text_append(text, "/dev/%s\t\t\t\tpartition\t%u\t\t%u\t\t-2\n", in_use->name, total * kib,
                    (total - swap_free_count()) * kib);
    return 0;
}

void swap_init(void)
{
    char name[16];
    proc_register("swaps", show_swaps);
    if (!boot_argument("swap", name, sizeof(name)))
        return;
    int error = swap_on(name);
    if (error)
        log_error("swap: %s cannot be used: error %d", name, -error);
    else
        log_info("swap: %u MiB on %s", swap_total_count() >> (20 - PAGE_SHIFT), name);
}
