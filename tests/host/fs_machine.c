// SPDX-License-Identifier: MIT
//
// See fs_machine.h. Needs fake_sched.c.

#define _GNU_SOURCE
#include "tests/host/check.h"
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

// ---- RAM: twice in our address space, once in one piece, once with a hole after every page ----

#define RAM_START 0x80000000ULL

struct machine machine;
static uint8_t *plain, *with_holes;
static uint64_t ram_bytes;
static bool ram_ready;

void *phys_to_virt(paddr_t address)
{
    uint64_t offset = address - RAM_START;
    CHECK(offset < ram_bytes);
    if (ram_ready && frame_at(address)->kind == FRAME_CACHE)
        return with_holes + offset / PAGE_SIZE * 2 * PAGE_SIZE + offset % PAGE_SIZE;
    return plain + offset;
}

paddr_t virt_to_phys(const void *pointer)
{
    uint64_t offset = (uint64_t)((const uint8_t *)pointer - plain);
    if (offset < ram_bytes)
        return RAM_START + offset;
    offset = (uint64_t)((const uint8_t *)pointer - with_holes);
    CHECK(offset < 2 * ram_bytes && offset / PAGE_SIZE % 2 == 0);
    return RAM_START + offset / PAGE_SIZE / 2 * PAGE_SIZE + offset % PAGE_SIZE;
}

static void make_ram(unsigned mib)
{
    int memory = memfd_create("ram", 0);
    ram_bytes = (uint64_t)mib << 20;
    CHECK(memory >= 0 && ftruncate(memory, (off_t)ram_bytes) == 0);
    plain = mmap(NULL, ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    with_holes = mmap(NULL, 2 * ram_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(plain != MAP_FAILED && with_holes != MAP_FAILED);
    for (uint64_t at = 0; at < ram_bytes; at += PAGE_SIZE)
        CHECK(mmap(with_holes + 2 * at, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory,
                   (off_t)at) != MAP_FAILED);
    machine.memory[0] = (struct memory_range){RAM_START, ram_bytes};
    machine.memory_ranges = 1;
    frame_init();
    slab_init();
    ram_ready = true;
}

// ---- the disk ----

unsigned fs_disk_error_one_in, fs_disk_most_queued;
static struct list_node queue = LIST_INIT(queue);
static unsigned queued;
static int image_fd;
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
    void *memory = plain + (request->address - RAM_START);
    CHECK(request->bytes % SECTOR_BYTES == 0 && at + request->bytes <= disk.sectors * SECTOR_BYTES);
    ssize_t done = request->operation == BLOCK_READ ? pread(image_fd, memory, request->bytes, (off_t)at)
                                                    : pwrite(image_fd, memory, request->bytes, (off_t)at);
    CHECK(done == (ssize_t)request->bytes);
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

size_t copy_to_user_nofault(user_ptr_t destination, const void *source, size_t bytes)
{
    memcpy((void *)destination.address, source, bytes);
    return 0;
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

// ---- what is linked but never called here: there is no terminal ----

#pragma clang diagnostic ignored "-Wunused-parameter"
#define NOT_HERE(declaration) declaration { CHECK(!"called"); __builtin_unreachable(); }
NOT_HERE(void pipes_init(void))
NOT_HERE(void tty_init(void))
NOT_HERE(void pseudo_mount(void))
NOT_HERE(const struct file_ops *dev_find(uint64_t device))
NOT_HERE(bool boot_argument(const char *name, char *value, size_t bytes))

// ---- all of it ----

void fs_machine_boot(const char *image, unsigned ram_mib, uint64_t seed)
{
    make_ram(ram_mib);
    randomness.state = seed;
    FILE *file = fopen(image, "r+");
    CHECK(file);
    image_fd = fileno(file);
    disk.sectors = (uint64_t)lseek(image_fd, 0, 2 /* SEEK_END */) / SECTOR_BYTES;
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

void fs_machine_check_quiet(void)
{
    for (uint64_t number = 0; number < frame_total_count(); number++) {
        struct frame *frame = frame_by_number(number);
        if (frame->kind == FRAME_CACHE && frame->refs > 0)
            CHECK(frame->refs == 1 && !(frame->flags & FRAME_BUSY));
    }
}
