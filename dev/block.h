// SPDX-License-Identifier: MIT
//
// Block devices as fs/ sees them: a name, a size, and a queue that takes requests and calls back. Several
// requests are in flight at once; `done` runs in an interrupt handler and takes only spin locks.
#pragma once

#include "arch/types.h"
#include "lib/list.h"

#define SECTOR_BYTES 512

enum block_operation { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH };

// Owned by the caller until `done` is called; the memory must stay until then (the caller holds a reference
// to its frame: the "I/O in progress" holder of rule R1).
struct block_request {
    enum block_operation operation;
    uint64_t sector;
    paddr_t address; // RAM
    uint32_t bytes;  // multiple of SECTOR_BYTES; 0: a flush
    void (*done)(struct block_request *request, int error); // 0 or -EIO
    void *context;
    struct list_node node; // the driver's queue
};

struct block_device {
    const char *name; // "vda", "ram0"
    uint64_t sectors;
    bool read_only;
    // Never sleeps, never fails: errors come through `done`. => the sectors exist and may be written
    void (*submit)(struct block_device *device, struct block_request *request);
    void *driver;
    struct list_node node;
};

void block_device_register(struct block_device *device);
struct block_device *block_device_find(const char *name); // NULL when there is none
void ramdisk_init(void); // machine.initrd, if there is one, becomes "ram0"

// Reads or writes one page of memory, whose eighth i (512 bytes) lies at sectors[i]; SECTOR_NONE leaves it
// out. Neighbours on the device travel together; all requests are in flight before the wait for them.
// => returns 0 or -EIO; may sleep
#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_BYTES)
#define SECTOR_NONE      UINT64_MAX
[[nodiscard]] int block_transfer_page(struct block_device *device, enum block_operation operation,
                                      paddr_t page, const uint64_t sectors[SECTORS_PER_PAGE]);
// Hands all requests to the device at once and waits for them; `done` and `context` are ours. => as above
[[nodiscard]] int block_transfer(struct block_device *device, struct block_request *requests, unsigned count);
[[nodiscard]] int block_flush(struct block_device *device); // what was written before is on the medium
