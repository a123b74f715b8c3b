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

struct queue_page { // aligned to 16, 2 and 4 bytes
    struct {
        uint64_t address;
        uint32_t bytes;
        uint16_t flags, next;
    } descriptors[VIRTQUEUE_ENTRIES];
    struct {
        uint16_t flags, index, ring[VIRTQUEUE_ENTRIES];
    } available;
    struct {
        uint16_t flags, index;
        struct {
            uint32_t id, bytes;
        } ring[VIRTQUEUE_ENTRIES];
    } used;
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

static void write_address(volatile uint32_t *registers, unsigned low, volatile const void *memory)
{
    paddr_t address = virt_to_phys((const void *)memory);
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
    *queue = (struct virtqueue){.device = device, .index = index, .page = frame_memory(frame)};
    registers[QUEUE_ENTRIES] = VIRTQUEUE_ENTRIES;
    write_address(registers, QUEUE_DESCRIPTORS, &queue->page->descriptors);
    write_address(registers, QUEUE_AVAILABLE, &queue->page->available);
    write_address(registers, QUEUE_USED, &queue->page->used);
    io_fence();
    registers[QUEUE_READY] = 1;
    return 0;
}

int virtqueue_free_slot(const struct virtqueue *queue)
{
    int slot = VIRTQUEUE_SLOTS - 1;
    while (slot >= 0 && queue->in_flight[slot])
        slot--;
    return slot;
}

void virtqueue_add(struct virtqueue *queue, int slot, const struct virtqueue_buffer *buffers, int count)
{
    volatile struct queue_page *page = queue->page;
    int head = slot * CHAIN_MOST;
    for (int i = 0; i < count; i++) {
        page->descriptors[head + i].address = buffers[i].address;
        page->descriptors[head + i].bytes = buffers[i].bytes;
        page->descriptors[head + i].flags = (i < count - 1 ? DESCRIPTOR_NEXT : 0) |
                                            (buffers[i].device_writes ? DESCRIPTOR_DEVICE_WRITES : 0);
        page->descriptors[head + i].next = (uint16_t)(head + i + 1);
    }
    uint16_t index = page->available.index;
    page->available.ring[index % VIRTQUEUE_ENTRIES] = (uint16_t)head;
    io_fence(); // the entry before the index that shows it (2.7.13.2)
    page->available.index = (uint16_t)(index + 1);
}

void virtqueue_kick(struct virtqueue *queue)
{
    io_fence(); // the rings in memory before the register
    queue->device->registers[QUEUE_NOTIFY] = queue->index;
}

int virtqueue_take(struct virtqueue *queue, uint32_t *bytes_written)
{
    volatile struct queue_page *page = queue->page;
    if (page->used.index == queue->used_seen)
        return -1;
    io_fence(); // the index before the entry it shows
    unsigned entry = queue->used_seen++ % VIRTQUEUE_ENTRIES;
    uint32_t head = page->used.ring[entry].id, slot = head / CHAIN_MOST;
    *bytes_written = page->used.ring[entry].bytes;
    return head % CHAIN_MOST || slot >= VIRTQUEUE_SLOTS || !queue->in_flight[slot] ? -EIO : (int)slot;
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
