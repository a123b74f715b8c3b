// SPDX-License-Identifier: MIT
//
// A machine for tests of the file system: RAM, a disk whose contents are a file, one process. The real fs/,
// block layer, page cache and frame database run on it; user memory is the test's own memory.
//
// Every page of page cache is surrounded by pages that fault: who reads or writes beyond a block's page
// stops the test.

#ifndef TESTS_HOST_FS_MACHINE_H
#define TESTS_HOST_FS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Once per process. Requests to the disk wait in a queue and are served one by one in random order.
void fs_machine_boot(const char *path, unsigned ram_mib, uint64_t seed);
int fs_machine_mount(void); // the disk becomes the root file system. => 0 or -errno
// The process closes all it has open. From now on randomness is that of another seed.
void fs_machine_end_process(uint64_t seed);
// Nobody uses the file system any more: only the page cache's index may hold pages of it.
void fs_machine_check_quiet(void);

uint64_t fs_random(uint64_t below);
extern unsigned fs_disk_error_one_in; // so many requests fail with -EIO; 0: none
extern void (*fs_disk_written)(uint64_t at, size_t bytes); // called after each write, if anybody wants to know
extern unsigned fs_disk_most_queued;  // requests that waited at the same time, at most

#endif
