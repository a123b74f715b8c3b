// SPDX-License-Identifier: MIT
// uname [-a]: what system this is.
#include <err.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct utsname name;
    if (uname(&name) < 0)
        err(1, "uname");
    if (getopt(argc, argv, "a") == 'a')
        printf("%s %s %s %s %s\n", name.sysname, name.nodename, name.release, name.version, name.machine);
    else
        puts(name.sysname);
    return finish(0, 1);
}
