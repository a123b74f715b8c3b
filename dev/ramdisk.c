// SPDX-License-Identifier: MIT
//
// The RAM disk: what the loader put into memory (-initrd) as block device "ram0". A request is a copy, done
// before submit returns, so that runs repeat exactly (a virtio disk completes when the host likes).

#include "arch/machine.h"
#include "dev/block.h"
#include "lib/string.h"

static void submit(struct block_device *device, struct block_request *request)
{
    char *stored = (char *)device->driver + request->sector * SECTOR_BYTES;
    if (request->operation == BLOCK_READ)
        memcpy(phys_to_virt(request->address), stored, request->bytes);
    else if (request->operation == BLOCK_WRITE)
        memcpy(stored, phys_to_virt(request->address), request->bytes);
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
