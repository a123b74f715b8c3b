// SPDX-License-Identifier: MIT
// poweroff [STATUS]: ends everybody, writes everything back and switches the machine off; STATUS becomes its exit
// status.
#include <stdlib.h>
#include <sys/reboot.h>

int main(int argc, char **argv)
{
    power_off(argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0);
}
