// SPDX-License-Identifier: MIT
// free: memory of the machine in KiB, from /proc/meminfo.
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
    static const char *const names[] = {"MemTotal:", "MemFree:", "Cached:", "Dirty:", "SwapTotal:", "SwapFree:"};
    char line[128];
    long value[6] = {0};
    FILE *in = fopen("/proc/meminfo", "r");
    if (!in)
        err(1, "/proc/meminfo");
    while (fgets(line, sizeof line, in))
        for (int i = 0; i < 6; i++)
            if (strncmp(line, names[i], strlen(names[i])) == 0)
                value[i] = strtol(line + strlen(names[i]), NULL, 10);
    printf("           total       used       free     cached      dirty\nMem:  %10ld %10ld %10ld %10ld %10ld\n"
           "Swap: %10ld %10ld %10ld\n", value[0], value[0] - value[1], value[1], value[2], value[3],
           value[4], value[4] - value[5], value[5]);
    return finish(0, 1);
}
