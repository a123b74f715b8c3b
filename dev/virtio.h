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

#define VIRTQUEUE_ENTRIES 128 // descriptors; the three parts of the queue then fit one page

struct virtqueue_buffer {
    paddr_t address;
    uint32_t bytes;
    bool device_writes;
};

// What the device may write is only believed after a look at our own records: `chain` and `next`.
struct virtqueue {
    const struct device *device;
    unsigned index;
    struct virtqueue_descriptor *descriptors;
    volatile struct virtqueue_available *available;
    volatile struct virtqueue_used *used;
    uint16_t used_seen;  // entries of the used ring taken so far
    uint16_t free_first, free_count;
    uint16_t next[VIRTQUEUE_ENTRIES];
    uint16_t chain[VIRTQUEUE_ENTRIES]; // length of the chain in flight that begins here; 0: none does
};

// => returns 0, -ENODEV, -ENOMEM
int virtqueue_init(struct virtqueue *queue, const struct device *device, unsigned index);
// Puts a chain into the queue; the device need not see it before virtqueue_kick(). => returns its first
// descriptor, which names the chain, or -1 when there is no room
int virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, unsigned count);
void virtqueue_kick(struct virtqueue *queue);
// A chain that the device has finished: its first descriptor, and how many bytes the device says it wrote.
// => returns -1 when there is none, -EIO when the device answered with what was never asked
int virtqueue_take(struct virtqueue *queue, uint32_t *bytes_written);
