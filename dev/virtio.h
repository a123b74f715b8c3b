// SPDX-License-Identifier: MIT
//
// Virtio over memory-mapped registers (virtio 1.2, section 4.2) and its split queues (2.7). A driver for
// one kind of device (virtio_blk.c) is written on top of these and knows no register offset.
#pragma once

#include "dev/devices.h"

int virtio_blk_attach(const struct device *device); // the driver of kind 2
volatile const uint32_t *virtio_config(const struct device *device); // what a kind of device says of itself

// Reset, then agree on VERSION_1 and those of `wanted` (feature bits 0-31) that the device offers.
// => returns 0 with *agreed, or -ENODEV: it cannot be used
int virtio_negotiate(const struct device *device, uint32_t wanted, uint32_t *agreed);
void virtio_start(const struct device *device); // queues are ready: the device may run
void virtio_reset(const struct device *device); // => returns when the device touches no memory any more
void virtio_acknowledge(const struct device *device); // the interrupt

// A queue is one page: a ring of descriptors, used as slots of CHAIN_MOST. A request takes one slot, whose
// number names it; so there is no list of free descriptors to keep.
#define VIRTQUEUE_ENTRIES 128
#define CHAIN_MOST        3
#define VIRTQUEUE_SLOTS   (VIRTQUEUE_ENTRIES / CHAIN_MOST)

struct virtqueue_buffer {
    paddr_t address;
    uint32_t bytes;
    bool device_writes;
};

struct virtqueue {
    const struct device *device;
    unsigned index;
    volatile struct queue_page *page;
    uint16_t used_seen; // entries of the used ring taken so far
    // Who waits for a slot, NULL: it is free. What the device answers is only believed after a look here.
    void *in_flight[VIRTQUEUE_SLOTS];
};

// => returns 0, -ENODEV, -ENOMEM
int virtqueue_init(struct virtqueue *queue, const struct device *device, unsigned index);
int virtqueue_free_slot(const struct virtqueue *queue); // -1: there is none
// Puts a chain into a slot, for the driver to set in_flight. The device need not see it before a kick.
void virtqueue_add(struct virtqueue *queue, int slot, const struct virtqueue_buffer *buffers, int count);
void virtqueue_kick(struct virtqueue *queue);
// The slot of a chain that the device has finished, still in flight, and how many bytes it says it wrote.
// => returns -1 when there is none, -EIO when the device answered with what was never asked
int virtqueue_take(struct virtqueue *queue, uint32_t *bytes_written);
