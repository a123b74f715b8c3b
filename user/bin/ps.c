// SPDX-License-Identifier: MIT
// ps: all processes, from /proc/PID/stat. TIME is the processor time used; VSIZE and RSS are in KiB, the
// memory a process has asked for and what of it is present.
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATE = 3, PPID, UTIME = 14, STIME, VSIZE = 23, RSS, FIELDS }; // the numbering of proc(5)

// "pid (name) state ppid ...": the name may hold anything, so its end is the last bracket.
static void show(const char *pid)
{
    char path[64], line[512], *name, *at, *field[FIELDS] = {0};
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *in = fopen(path, "r");
    if (!in)
        return; // it has ended since
    at = fgets(line, sizeof line, in) ? strrchr(line, ')') : NULL;
    fclose(in);
    name = at ? strchr(line, '(') : NULL;
    if (!name)
        return;
    *at++ = '\0';
    for (int i = STATE; i < FIELDS && *at; i++) {
        *at++ = '\0';
        field[i] = at;
        at += strcspn(at, " \n");
    }
    if (!field[RSS])
        return;
    *at = '\0';
    long ticks = atoi(field[UTIME]) + atoi(field[STIME]);
    printf("%5s %5s %c %4ld.%02ld %8ld %8ld %s\n", pid, field[PPID], *field[STATE], ticks / 100, ticks % 100,
           strtol(field[VSIZE], NULL, 10) / 1024, strtol(field[RSS], NULL, 10) * 4, name + 1);
}

int main(void)
{
    DIR *dir = opendir("/proc");
    if (!dir)
        err(1, "/proc");
    puts("  PID  PPID S    TIME    VSIZE      RSS COMMAND");
    for (struct dirent *entry; (entry = readdir(dir));)
        if (isdigit(entry->d_name[0]))
            show(entry->d_name);
    return finish(0, 1);
}
