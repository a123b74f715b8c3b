// SPDX-License-Identifier: MIT
// poweroff [STATUS]: writes everything back and switches the machine off; STATUS becomes its exit status.
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "uapi/kine.h"

int main(int argc, char **argv)
{
    while (kill(-1, SIGKILL) == 0) // nobody is left to change what is being written
        usleep(1000);
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF,
            argc > 1 ? strtol(argv[1], NULL, 10) : 0L);
    err(1, "reboot");
}
