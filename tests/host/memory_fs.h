// SPDX-License-Identifier: MIT
//
// A file system in memory for the tests of the VFS. It keeps what a disk would keep apart from the inodes, checks
// the locks that vfs.h promises, and gives new blocks with somebody's old bytes in them.

#ifndef TESTS_HOST_MEMORY_FS_H
#define TESTS_HOST_MEMORY_FS_H

#include "fs/vfs.h"

extern struct super_block memory_super;
extern unsigned memory_nodes_in_use, memory_blocks_in_use, memory_blocks_most, memory_lookups;
extern uint64_t memory_held[2]; // inodes of these numbers do not leave until they are others

void memory_fs_format(void); // an empty root directory; memory_super.root is referenced

#endif
