// SPDX-License-Identifier: MIT
//
// The virtio-mmio transport: finds devices, shakes hands, runs queues. Called at boot and by drivers, which
// hold their own lock around a queue. Register and structure numbers are those of virtio 1.2, 4.2.2 and 2.7.

#include "dev/virtio.h"
#include "arch/io.h"
#include "arch/machine.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "uapi/errno.h"

enum { // register offsets / 4
    MAGIC = 0x000 / 4,
    VERSION = 0x004 / 4,
    DEVICE_ID = 0x008 / 4,
    DEVICE_FEATURES = 0x010 / 4,
    DEVICE_FEATURES_SELECT = 0x014 / 4,
    DRIVER_FEATURES = 0x020 / 4,
    DRIVER_FEATURES_SELECT = 0x024 / 4,
    QUEUE_SELECT = 0x030 / 4,
    QUEUE_ENTRIES_MOST = 0x034 / 4,
    QUEUE_ENTRIES = 0x038 / 4,
    QUEUE_READY = 0x044 / 4,
    QUEUE_NOTIFY = 0x050 / 4,
    INTERRUPT_STATUS = 0x060 / 4,
    INTERRUPT_ACKNOWLEDGE = 0x064 / 4,
    STATUS = 0x070 / 4,
    QUEUE_DESCRIPTORS = 0x080 / 4, // low half, then the high one; so the next two
    QUEUE_AVAILABLE = 0x090 / 4,
    QUEUE_USED = 0x0a0 / 4,
    CONFIG = 0x100 / 4,
    REGISTERS_BYTES = 0x200,
};
enum { STATUS_ACKNOWLEDGE = 1, STATUS_DRIVER = 2, STATUS_DRIVER_OK = 4, STATUS_FEATURES_OK = 8 };
enum { MAGIC_VALUE = 0x74726976, MODERN = 2, KIND_BLOCK = 2, FEATURE_VERSION_1_HIGH = 1 };
enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_DEVICE_WRITES = 2 };

struct virtqueue_descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags, next;
};
struct virtqueue_available {
    uint16_t flags, index, ring[VIRTQUEUE_ENTRIES];
};
struct virtqueue_used {
    uint16_t flags, index;
    struct {
        uint32_t id, bytes;
    } ring[VIRTQUEUE_ENTRIES];
};
// The parts in one page: descriptors (aligned to 16), available ring (2), used ring (4).
struct queue_page {
    struct virtqueue_descriptor descriptors[VIRTQUEUE_ENTRIES];
    struct virtqueue_available available;
    struct virtqueue_used used;
};
_Static_assert(sizeof(struct queue_page) <= PAGE_SIZE, "a queue is one page");

int virtio_negotiate(const struct device *device, uint32_t wanted, uint32_t *agreed)
{
    volatile uint32_t *registers = device->registers;
    virtio_reset(device);
    registers[STATUS] = STATUS_ACKNOWLEDGE;
    registers[STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER;
    registers[DEVICE_FEATURES_SELECT] = 1;
    if (!(registers[DEVICE_FEATURES] & FEATURE_VERSION_1_HIGH))
        return -ENODEV;
    registers[DEVICE_FEATURES_SELECT] = 0;
    *agreed = registers[DEVICE_FEATURES] & wanted;
    registers[DRIVER_FEATURES_SELECT] = 0;
    registers[DRIVER_FEATURES] = *agreed;
    registers[DRIVER_FEATURES_SELECT] = 1;
    registers[DRIVER_FEATURES] = FEATURE_VERSION_1_HIGH;
    registers[STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK;
    return registers[STATUS] & STATUS_FEATURES_OK ? 0 : -ENODEV;
}

void virtio_start(const struct device *device)
{
    device->registers[STATUS] = STATUS_ACKNOWLEDGE | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK;
}

void virtio_reset(const struct device *device)
{
    device->registers[STATUS] = 0;
    // 4.2.3.1: reset is over when the register reads 0. A device that never says so is not waited for.
    for (unsigned turns = 0; device->registers[STATUS] != 0 && turns < 1000000; turns++)
        io_fence();
}

void virtio_acknowledge(const struct device *device)
{
    device->registers[INTERRUPT_ACKNOWLEDGE] = device->registers[INTERRUPT_STATUS];
    io_fence(); // what the device wrote before the interrupt is read after this
}

static void write_address(volatile uint32_t *registers, unsigned low, const void *memory)
{
    paddr_t address = virt_to_phys(memory);
    registers[low] = (uint32_t)address;
    registers[low + 1] = (uint32_t)(address >> 32);
}

int virtqueue_init(struct virtqueue *queue, const struct device *device, unsigned index)
{
    volatile uint32_t *registers = device->registers;
    registers[QUEUE_SELECT] = index;
    if (registers[QUEUE_READY] != 0 || registers[QUEUE_ENTRIES_MOST] < VIRTQUEUE_ENTRIES)
        return -ENODEV;
    struct frame *frame = frame_alloc(FRAME_KERNEL, 0, ALLOC_ZERO);
    if (!frame)
        return -ENOMEM;
    frame_make_immortal(frame); // the device may use it for as long as the machine runs
    struct queue_page *page = frame_memory(frame);

    *queue = (struct virtqueue){.device = device, .index = index, .descriptors = page->descriptors,
                                .available = &page->available, .used = &page->used,
                                .free_count = VIRTQUEUE_ENTRIES};
    for (unsigned i = 0; i < VIRTQUEUE_ENTRIES; i++)
        queue->next[i] = (uint16_t)(i + 1);
    registers[QUEUE_ENTRIES] = VIRTQUEUE_ENTRIES;
    write_address(registers, QUEUE_DESCRIPTORS, page->descriptors);
    write_address(registers, QUEUE_AVAILABLE, &page->available);
    write_address(registers, QUEUE_USED, &page->used);
    io_fence();
    registers[QUEUE_READY] = 1;
    return 0;
}

int virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, unsigned count)
{
    uint16_t head = queue->free_first, entry = head;
    if (count > queue->free_count)
        return -1;
    for (unsigned i = 0; i < count; i++) {
        unsigned flags = (i < count - 1 ? DESCRIPTOR_NEXT : 0) |
                         (buffers[i].device_writes ? DESCRIPTOR_DEVICE_WRITES : 0);
        queue->descriptors[entry] = (struct virtqueue_descriptor){
            buffers[i].address, buffers[i].bytes, (uint16_t)flags, queue->next[entry]};
        entry = queue->next[entry];
    }
    queue->free_first = entry;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->chain[head] = (uint16_t)count;
    uint16_t index = queue->available->index;
    queue->available->ring[index % VIRTQUEUE_ENTRIES] = head;
    io_fence(); // the entry before the index that shows it (2.7.13.2)
    queue->available->index = (uint16_t)(index + 1);
    return head;
}

void virtqueue_kick(struct virtqueue *queue)
{
    io_fence(); // the rings in memory before the register
    queue->device->registers[QUEUE_NOTIFY] = queue->index;
}

int virtqueue_take(struct virtqueue *queue, uint32_t *bytes_written)
{
    if (queue->used->index == queue->used_seen)
        return -1;
    io_fence(); // the index before the entry it shows
    unsigned slot = queue->used_seen++ % VIRTQUEUE_ENTRIES;
    uint32_t head = queue->used->ring[slot].id;
    *bytes_written = queue->used->ring[slot].bytes;
    if (head >= VIRTQUEUE_ENTRIES || queue->chain[head] == 0)
        return -EIO;
    // The chain, still linked by `next`, goes back to the front of the free list.
    uint16_t last = (uint16_t)head;
    for (unsigned i = 1; i < queue->chain[head]; i++)
        last = queue->next[last];
    queue->next[last] = queue->free_first;
    queue->free_first = (uint16_t)head;
    queue->free_count = (uint16_t)(queue->free_count + queue->chain[head]);
    queue->chain[head] = 0;
    return (int)head;
}

volatile const uint32_t *virtio_config(const struct device *device)
{
    return &device->registers[CONFIG];
}

static void attach(const struct device *device)
{
    volatile uint32_t *registers = device->registers;
    if (registers[MAGIC] != MAGIC_VALUE || registers[DEVICE_ID] == 0)
        return; // an empty slot
    if (registers[VERSION] != MODERN)
        log_error("virtio at %#lx is a legacy device (version %u), not used: QEMU needs "
                  "-global virtio-mmio.force-legacy=false", device->address, registers[VERSION]);
    else if (registers[DEVICE_ID] == KIND_BLOCK && virtio_blk_attach(device) != 0)
        log_error("virtio at %#lx: the block device cannot be used", device->address);
}

const struct driver virtio_driver = {"virtio,mmio", REGISTERS_BYTES, attach};
