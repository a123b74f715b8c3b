// SPDX-License-Identifier: MIT
//
// The order in which drivers start. Called once by kernel_main().

#include "dev/devices.h"
#include "dev/block.h"
#include "dev/ns16550.h"
#include "dev/rtc.h"
#include "dev/virtio.h"

void devices_init(void)
{
    ns16550_init();
    rtc_init();
    ramdisk_init();
    virtio_init();
}
