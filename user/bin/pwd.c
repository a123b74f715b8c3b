// SPDX-License-Identifier: MIT
// pwd: where we are.
#include <err.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char path[PATH_MAX];
    if (!getcwd(path, sizeof path))
        err(1, "getcwd");
    puts(path);
    return finish(0, 1);
}
