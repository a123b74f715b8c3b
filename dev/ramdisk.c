// SPDX-License-Identifier: MIT
//
// The RAM disk: what the loader put into memory (-initrd) as block device "ram0". A request is a copy, done
// before submit returns, so that runs repeat exactly (a virtio disk completes when the host likes).

#include "arch/machine.h"
#include "dev/block.h"
#include "lib/string.h"
#include "uapi/errno.h"

static void submit(struct block_device *device, struct block_request *request)
{
    uint64_t sector = request->sector;

    for (unsigned i = 0; i < request->segment_count && request->operation != BLOCK_FLUSH; i++) {
        uint32_t bytes = request->segments[i].bytes;
        if (sector > device->sectors || bytes / SECTOR_BYTES > device->sectors - sector) {
            request->done(request, -EIO);
            return;
        }
        void *memory = phys_to_virt(request->segments[i].address);
        void *stored = (char *)device->driver + sector * SECTOR_BYTES;
        if (request->operation == BLOCK_READ)
            memcpy(memory, stored, bytes);
        else
            memcpy(stored, memory, bytes);
        sector += bytes / SECTOR_BYTES;
    }
    request->done(request, 0);
}

void ramdisk_init(void)
{
    static struct block_device device = {.name = "ram0", .submit = submit};

    if (machine.initrd.bytes < SECTOR_BYTES)
        return;
    device.driver = phys_to_virt(machine.initrd.start);
    device.sectors = machine.initrd.bytes / SECTOR_BYTES;
    block_device_register(&device);
}
