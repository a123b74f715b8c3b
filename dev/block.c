// SPDX-License-Identifier: MIT
//
// The list of block devices, and the two transfers of which everything above is made: one page, one flush.
// Drivers register at boot, before anybody looks for a device; the list does not change afterwards.

#include "dev/block.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "lib/wait.h"
#include "uapi/errno.h"

// Blocks of a file system are 1 KiB or more: a page is at most four runs of neighbours.
#define RUNS_MOST 4

static struct list_node devices = LIST_INIT(devices);

// Requests that somebody waits for together. `pending` may be gone from the waiter's stack the moment it
// is 0, so the queue to wake is not part of it: one for all waiters, who look again when woken.
struct transfer {
    _Atomic unsigned pending;
    _Atomic int error;
};
static struct wait_queue waiters = WAIT_QUEUE_INIT(waiters);

void block_device_register(struct block_device *device)
{
    list_push_back(&devices, &device->node);
    log_info("%s: %lu MiB%s", device->name, device->sectors * SECTOR_BYTES >> 20,
             device->read_only ? ", read-only" : "");
}

struct block_device *block_device_find(const char *name)
{
    list_for_each(node, &devices) {
        struct block_device *device = container_of(node, struct block_device, node);
        if (strcmp(device->name, name) == 0)
            return device;
    }
    return NULL;
}

static void transfer_done(struct block_request *request, int error)
{
    struct transfer *transfer = request->context;
    if (error)
        atomic_store(&transfer->error, error);
    if (atomic_fetch_sub(&transfer->pending, 1) == 1)
        wake_all(&waiters);
}

int block_transfer(struct block_device *device, struct block_request *requests, unsigned count)
{
    struct transfer transfer = {.pending = count};
    for (unsigned i = 0; i < count; i++) {
        requests[i].done = transfer_done;
        requests[i].context = &transfer;
        device->submit(device, &requests[i]);
    }
    wait_event(&waiters, atomic_load(&transfer.pending) == 0);
    return atomic_load(&transfer.error);
}

int block_transfer_page(struct block_device *device, enum block_operation operation, paddr_t page,
                        const uint64_t sectors[SECTORS_PER_PAGE])
{
    struct block_request requests[RUNS_MOST];
    unsigned count = 0;
    for (unsigned i = 0; i < SECTORS_PER_PAGE; i++) {
        if (sectors[i] == SECTOR_NONE)
            continue;
        if (sectors[i] >= device->sectors || (operation == BLOCK_WRITE && device->read_only))
            return -EIO;
        if (i > 0 && sectors[i - 1] != SECTOR_NONE && sectors[i] == sectors[i - 1] + 1) {
            requests[count - 1].bytes += SECTOR_BYTES;
            continue;
        }
        ASSERT(count < RUNS_MOST);
        requests[count++] = (struct block_request){
            .operation = operation, .sector = sectors[i],
            .address = page + i * SECTOR_BYTES, .bytes = SECTOR_BYTES};
    }
    return count ? block_transfer(device, requests, count) : 0;
}

int block_flush(struct block_device *device)
{
    struct block_request request = {.operation = BLOCK_FLUSH};
    return block_transfer(device, &request, 1);
}
