// SPDX-License-Identifier: MIT
// The RAM disk: what the loader put into memory (-initrd) as block device "ram0"; behind ram0=BYTES as "ram1".
// A request is a copy, done before submit returns: runs repeat exactly (a virtio disk completes when it likes).

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
    static struct block_device disks[] = {{"ram0", .submit = submit}, {"ram1", .submit = submit}};
    uint64_t from = 0, end = machine.initrd.bytes, to = boot_argument_u64("ram0", end);
    for (int i = 0; i < 2 && from < end; i++, from = to, to = end) {
        disks[i].driver = phys_to_virt(machine.initrd.start + from);
        disks[i].sectors = ((to < end ? to : end) - from) / SECTOR_BYTES;
        block_device_register(&disks[i]);
    }
}
