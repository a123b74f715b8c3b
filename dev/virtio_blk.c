// SPDX-License-Identifier: MIT
//
// The virtio block device (virtio 1.2, 5.2). Requests go into the queue as long as there are slots, the rest
// waits in a list; each completion makes room for the next. A request is a chain of descriptors:
//
//   header (device reads) -> data, if not a flush -> one status byte (device writes)
//
// A device that answers nonsense is reset, and all its requests, now and later, end with -EIO.

#include "arch/irq.h"
#include "arch/machine.h"
#include "dev/block.h"
#include "dev/virtio.h"
#include "lib/log.h"
#include "mm/frame.h"
#include "uapi/errno.h"

enum { FEATURE_READ_ONLY = 1 << 5, FEATURE_FLUSH = 1 << 9 };
enum { DISKS_MOST = 4 };

// Header and status of the request in one slot of the queue, in memory that the device sees.
struct slot {
    uint32_t type, reserved;
    uint64_t sector;
    volatile uint8_t status;
};
_Static_assert(sizeof(struct slot) * VIRTQUEUE_SLOTS <= PAGE_SIZE, "slots are one page");

struct disk {
    struct block_device block;
    struct device device;
    char name[4];
    bool can_flush;
    // B: guarded by lock
    struct spinlock lock;              // RANK_BLOCK
    bool broken;                       // B
    struct virtqueue queue;            // B  in flight: struct block_request
    struct list_node waiting;          // B  requests without a slot yet
    struct slot *slots;                // B
};

static struct disk disks[DISKS_MOST];
static unsigned disk_count;

// Hands one request to the device. => holds disk->lock; returns false when the queue is full
static bool start(struct disk *disk, struct block_request *request)
{
    static const uint32_t types[] = {[BLOCK_READ] = 0, [BLOCK_WRITE] = 1, [BLOCK_FLUSH] = 4};
    struct virtqueue_buffer buffers[CHAIN_MOST];
    int count = 0, number = virtqueue_free_slot(&disk->queue);
    if (number < 0)
        return false;
    struct slot *slot = &disk->slots[number];
    *slot = (struct slot){.type = types[request->operation], .sector = request->sector, .status = 0xff};
    paddr_t slot_address = virt_to_phys(slot);
    buffers[count++] = (struct virtqueue_buffer){slot_address, offsetof(struct slot, status), false};
    if (request->bytes > 0)
        buffers[count++] = (struct virtqueue_buffer){request->address, request->bytes,
                                                     request->operation == BLOCK_READ};
    buffers[count++] = (struct virtqueue_buffer){slot_address + offsetof(struct slot, status), 1, true};
    virtqueue_add(&disk->queue, number, buffers, count);
    disk->queue.in_flight[number] = request;
    return true;
}

static void start_waiting(struct disk *disk)
{
    bool started = false;
    while (!list_empty(&disk->waiting) &&
           start(disk, container_of(disk->waiting.next, struct block_request, node))) {
        list_pop_front(&disk->waiting);
        started = true;
    }
    if (started)
        virtqueue_kick(&disk->queue);
}

static void submit(struct block_device *device, struct block_request *request)
{
    struct disk *disk = device->driver;
    if (request->operation == BLOCK_FLUSH && !disk->can_flush) { // what is written is written (5.2.6.2)
        request->done(request, 0);
        return;
    }
    spin_lock(&disk->lock);
    bool broken = disk->broken;
    if (!broken) {
        list_push_back(&disk->waiting, &request->node);
        start_waiting(disk);
    }
    spin_unlock(&disk->lock);
    if (broken)
        request->done(request, -EIO);
}

// The device answered with what cannot be: it is not trusted again, and after the reset it writes to no
// memory of ours. => holds disk->lock
static void give_up(struct disk *disk, struct list_node *failed)
{
    log_error("%s: the device gave an impossible answer and is not used any more", disk->name);
    disk->broken = true;
    virtio_reset(&disk->device);
    for (unsigned i = 0; i < VIRTQUEUE_SLOTS; i++) {
        struct block_request *request = disk->queue.in_flight[i];
        if (request)
            list_push_back(failed, &request->node);
        disk->queue.in_flight[i] = NULL;
    }
    while (!list_empty(&disk->waiting))
        list_push_back(failed, list_pop_front(&disk->waiting));
}

// Sorts what the device has finished into `good` and `failed`. => holds disk->lock
static void collect(struct disk *disk, struct list_node *good, struct list_node *failed)
{
    uint32_t bytes_written;
    int slot;
    while (!disk->broken && (slot = virtqueue_take(&disk->queue, &bytes_written)) != -1) {
        struct block_request *request = slot >= 0 ? disk->queue.in_flight[slot] : NULL;
        uint32_t most = request && request->operation == BLOCK_READ ? request->bytes + 1 : 1;
        if (!request || bytes_written > most) {
            give_up(disk, failed); // completes `request` too
            return;
        }
        disk->queue.in_flight[slot] = NULL;
        // Less than everything is a failure, whatever the status says.
        bool ok = disk->slots[slot].status == 0 && bytes_written == most;
        list_push_back(ok ? good : failed, &request->node);
    }
    if (!disk->broken)
        start_waiting(disk);
}

static void finish(struct list_node *requests, int error)
{
    while (!list_empty(requests)) {
        struct block_request *request = container_of(list_pop_front(requests), struct block_request, node);
        request->done(request, error);
    }
}

static void interrupt(void *argument)
{
    struct disk *disk = argument;
    struct list_node good = LIST_INIT(good), failed = LIST_INIT(failed);
    virtio_acknowledge(&disk->device);
    spin_lock(&disk->lock);
    collect(disk, &good, &failed);
    spin_unlock(&disk->lock);
    finish(&good, 0);
    finish(&failed, -EIO);
}

int virtio_blk_attach(const struct device *device)
{
    if (disk_count == DISKS_MOST)
        return -ENOMEM;
    char letter = (char)('a' + disk_count);
    struct disk *disk = &disks[disk_count++]; // not used again when this fails
    *disk = (struct disk){.device = *device, .name = {'v', 'd', letter}, .broken = true};
    spin_init(&disk->lock, RANK_BLOCK);
    list_init(&disk->waiting);
    uint32_t agreed;
    int error = virtio_negotiate(device, FEATURE_READ_ONLY | FEATURE_FLUSH, &agreed);
    if (!error)
        error = irq_register(device->interrupt, interrupt, disk);
    if (error)
        return error;
    struct frame *frame = frame_alloc(FRAME_KERNEL, 0, ALLOC_ZERO);
    if (!frame)
        return -ENOMEM;
    frame_make_immortal(frame); // the device may use it for as long as the machine runs
    error = virtqueue_init(&disk->queue, &disk->device, 0);
    if (error)
        return error;
    disk->slots = frame_memory(frame);
    disk->can_flush = agreed & FEATURE_FLUSH;
    disk->block = (struct block_device){
        .name = disk->name,
        .sectors = virtio_config(device)[0] | (uint64_t)virtio_config(device)[1] << 32, // capacity
        .read_only = agreed & FEATURE_READ_ONLY, .submit = submit, .driver = disk};
    disk->broken = false;
    virtio_start(&disk->device);
    block_device_register(&disk->block);
    return 0;
}
