// SPDX-License-Identifier: MIT
//
// See fs_machine.h. Needs fake_sched.c.

#define _GNU_SOURCE
#include "tests/host/check.h"
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/host/fs_machine.h"
#include "arch/machine.h"
#include "arch/pagetable.h"
#include "arch/tlb.h"
#include "dev/block.h"
#include "fs/context.h"
#include "fs/ext2.h"
#include "fs/pseudo.h"
#include "lib/sequence.h"
#include "mm/slab.h"
#include "tests/host/fake_sched.h"

// ---- RAM. Most single frames lie between two that nobody may touch: no access runs from one page into the next ----

#define RAM_START 0x80000000ULL

struct machine machine;
static uint8_t *memory;
static uint64_t ram_bytes;

void *phys_to_virt(paddr_t address)
{
    CHECK(address - RAM_START < ram_bytes);
    return memory + (address - RAM_START);
}

paddr_t virt_to_phys(const void *pointer)
{
    uint64_t offset = (uint64_t)((const uint8_t *)pointer - memory);
    CHECK(offset < ram_bytes);
    return RAM_START + offset;
}

// The last sixth stays in one piece, for who wants more than a frame.
static void make_ram(unsigned mib)
{
    ram_bytes = (uint64_t)mib * 2 << 20;
    memory = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    machine.memory[0] = (struct memory_range){RAM_START, ram_bytes};
    machine.memory_ranges = 1;
    frame_init();
    struct frame **taken = calloc(frame_free_count(), sizeof(struct frame *));
    size_t count = 0;
    CHECK(taken);
    while (frame_free_count() > frame_span.usable_pages / 6)
        taken[count++] = frame_alloc(FRAME_KERNEL, 0, 0);
    while (count--)
        if (frame_number(taken[count]) % 2)
            frame_put(taken[count]);
        else
            ASAN_POISON_MEMORY_REGION(frame_memory(taken[count]), PAGE_SIZE);
    free(taken);
    slab_init();
}

// ---- the disk ----

unsigned fs_disk_error_one_in, fs_disk_most_queued;
static struct list_node queue = LIST_INIT(queue);
static unsigned queued;
static uint8_t *image;
void (*fs_disk_written)(uint64_t at, size_t bytes);
static struct sequence randomness;

uint64_t fs_random(uint64_t below)
{
    return sequence_next(&randomness) % below;
}

static void submit(struct block_device *device, struct block_request *request)
{
    (void)device;
    list_push_back(&queue, &request->node);
    if (++queued > fs_disk_most_queued)
        fs_disk_most_queued = queued;
}

static struct block_device disk = {.name = "vda", .submit = submit};

static int serve(struct block_request *request)
{
    uint64_t at = request->sector * SECTOR_BYTES;
    if (fs_disk_error_one_in && fs_random(fs_disk_error_one_in) == 0)
        return -EIO;
    if (request->operation == BLOCK_FLUSH)
        return 0;
    void *bytes = phys_to_virt(request->address);
    CHECK(request->bytes % SECTOR_BYTES == 0 && at + request->bytes <= disk.sectors * SECTOR_BYTES);
    if (request->operation == BLOCK_READ) {
        memcpy(bytes, image + at, request->bytes);
        return 0;
    }
    memcpy(image + at, bytes, request->bytes);
    if (fs_disk_written)
        fs_disk_written(at, request->bytes);
    return 0;
}

static void disk_task(void *unused)
{
    (void)unused;
    for (;; fake_yield()) {
        if (!queued)
            continue;
        struct list_node *node = queue.next;
        for (uint64_t skip = fs_random(queued); skip > 0; skip--)
            node = node->next;
        struct block_request *request = container_of(node, struct block_request, node);
        list_remove(node);
        queued--;
        request->done(request, serve(request));
    }
}

// ---- the process ----

static struct file_table *files;
static struct fs_context *context;

struct file_table *current_files(void)
{
    return files;
}

struct fs_context *current_fs(void)
{
    return context;
}

void current_kill_with(int signal)
{
    CHECK(signal == 0);
}

int copy_from_user(void *destination, user_ptr_t source, size_t bytes)
{
    memcpy(destination, (void *)source.address, bytes);
    return 0;
}

int copy_to_user(user_ptr_t destination, const void *source, size_t bytes)
{
    memcpy((void *)destination.address, source, bytes);
    return 0;
}

int64_t copy_string_from_user(char *destination, user_ptr_t source, size_t bytes)
{
    size_t length = strnlen((const char *)source.address, bytes);
    memcpy(destination, (void *)source.address, length < bytes ? length + 1 : bytes);
    return length < bytes ? (int64_t)length : -ENAMETOOLONG;
}

// Now and then the user's page is not there.
size_t copy_from_user_nofault(void *destination, user_ptr_t source, size_t bytes)
{
    size_t missing = fs_random(8) ? 0 : 1 + fs_random(bytes);
    memcpy(destination, (void *)source.address, bytes - missing);
    return missing;
}

int fault_in_readable(user_ptr_t source, size_t bytes)
{
    (void)source, (void)bytes;
    return 0;
}

int fault_in_writable(user_ptr_t destination, size_t bytes)
{
    (void)destination, (void)bytes;
    return 0;
}

// ---- nobody maps a file ----

void vm_object_unmap_from(struct vm_object *object, uint64_t first_page)
{
    (void)first_page;
    CHECK(list_empty(&object->regions));
}

void vm_object_protect_page(struct vm_object *object, struct frame *frame)
{
    (void)frame;
    CHECK(list_empty(&object->regions));
}

// ---- no inode is a device that anybody has, whatever the disk says ----

const struct file_ops *dev_find(uint64_t device)
{
    (void)device;
    return NULL;
}

// ---- what is linked but never called here: there is no terminal ----

#pragma clang diagnostic ignored "-Wunused-parameter"
#define NOT_HERE(declaration) declaration { CHECK(!"called"); __builtin_unreachable(); }
NOT_HERE(void pipes_init(void))
NOT_HERE(void tty_init(void))
NOT_HERE(void pseudo_mount(void))
NOT_HERE(bool boot_argument(const char *name, char *value, size_t bytes))

// ---- all of it ----

void fs_machine_boot(const char *path, unsigned ram_mib, uint64_t seed)
{
    make_ram(ram_mib);
    randomness.state = seed;
    FILE *file = fopen(path, "r+");
    CHECK(file);
    off_t bytes = lseek(fileno(file), 0, 2 /* SEEK_END */);
    image = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
    CHECK(image != MAP_FAILED);
    disk.sectors = (uint64_t)bytes / SECTOR_BYTES;
    block_device_register(&disk);
    fake_task_start(disk_task, NULL);
}

int fs_machine_mount(void)
{
    struct super_block *super;
    int error = ext2_mount(&disk, &super);
    if (error)
        return error;
    CHECK(mount_at(NULL, super) == 0);
    files = file_table_create();
    context = fs_context_create();
    CHECK(files && context);
    return 0;
}

void fs_machine_end_process(uint64_t seed)
{
    file_table_put(files);
    fs_context_put(context);
    files = NULL;
    context = NULL;
    randomness.state = seed;
}

void fs_machine_check_quiet(void)
{
    for (struct frame *frame = frame_span.records; frame < frame_span.records + frame_span.pages; frame++) {
        if (frame->kind == FRAME_CACHE && frame->refs > 0)
            CHECK(frame->refs == 1 && !(frame->flags & FRAME_BUSY));
    }
}
