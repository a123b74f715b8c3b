// SPDX-License-Identifier: MIT
// poweroff [STATUS]: writes everything back and switches the machine off; STATUS becomes its exit status.
#include <err.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "uapi/kine.h"

int main(int argc, char **argv)
{
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF,
            argc > 1 ? strtol(argv[1], NULL, 10) : 0L);
    err(1, "reboot");
}
