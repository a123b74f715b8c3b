// SPDX-License-Identifier: MIT
// init: what xv6 starts first. Here it is a program among others (Kine's own init is /bin/init): it opens the
// console where nothing is open yet, runs the shell, and starts it again when it ends.
#include "kernel/types.h"
#include "kernel/fcntl.h"
#include "user/user.h"

int main(void)
{
    char *words[] = {"sh", 0};
    if (open("console", O_RDWR) < 0) {
        mknod("console", 1, 0);
        open("console", O_RDWR);
    }
    for (int fd = dup(0); fd >= 0 && fd < 2;)
        fd = dup(0);
    for (;;) {
        int shell = fork(), ended;
        if (shell == 0) {
            exec("/sh", words);
            printf("init: cannot run sh\n");
            exit(1);
        }
        while ((ended = wait(0)) != shell)
            if (ended < 0)
                exit(1);
    }
}
