// SPDX-License-Identifier: MIT
// Leaves /root/mapped behind: five pages and a bit, stored through a shared mapping, written back by fsync and,
// stored to again, by msync. tests/boot/boot.py looks for it on the disk of a machine that was stopped dead.
#include <sys/mman.h>
#include "ktap.h"

#define BYTES (5 * PAGE + 100)

int main(void)
{
    int fd = open("/root/mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && ftruncate(fd, BYTES) == 0, "/root/mapped");
    char *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    must(memory != MAP_FAILED, "mmap");
    for (int page = 0; page < 6; page++)
        memset(memory + page * PAGE, 'a' + page, page < 5 ? PAGE : 100);
    ok(fsync(fd) == 0, "fsync");
    memset(memory + PAGE, 'B', PAGE);
    ok(msync(memory, BYTES, MS_SYNC) == 0, "msync");
    return done();
}
