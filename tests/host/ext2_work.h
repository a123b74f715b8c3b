// SPDX-License-Identifier: MIT
//
// Random system calls for the tests of ext2, and the comparison of two trees. The same calls, by the same
// numbers, go to Kine's sys_* functions and to the host's kernel, which is the oracle.

#ifndef TESTS_HOST_EXT2_WORK_H
#define TESTS_HOST_EXT2_WORK_H

#define _GNU_SOURCE
#include <errno.h> // before check.h, which leaves things out
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/syscalls.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"
#include "tests/host/fs_machine.h"
#include "tests/host/host_tree.h"

struct kine_stat { // the ABI's, of riscv64
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, st_pad;
    int64_t st_size, st_rest[9];
};

// One task's work, below a directory of its own.
#define WORK_BYTES_MOST 40000
struct worker {
    char top[8];
    unsigned steps;
    uint64_t size_most; // of files
    unsigned block_bytes;
    struct { long kine, host; } open[4]; // -1: none
    char mine[WORK_BYTES_MOST], theirs[WORK_BYTES_MOST];
};
void work_prepare(struct worker *worker, unsigned number, unsigned steps, uint64_t size_most,
                  unsigned block_bytes);
void work(void *worker);         // all steps; a task
extern unsigned working;         // count them in; work() counts out
extern unsigned calls, refused;  // so far; by a full disk
extern bool work_hostile;        // the disk is damaged: results do not matter, and the host is not asked

long work_mkdir(const char *name); // on both sides
extern bool compare_without_types;
void compare(const char *name, uint32_t mode, uint64_t links, uint64_t size); // for host_for_each()

#endif
