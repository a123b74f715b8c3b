// SPDX-License-Identifier: MIT
//
// Kine mounts at boot and never unmounts. A fuzzer needs an end: all that was written goes to the disk, all
// that was cached is dropped, and what is still there then has leaked.

#ifndef TESTS_FUZZ_EXT2_UNMOUNT_H
#define TESTS_FUZZ_EXT2_UNMOUNT_H

#include <stddef.h>

void ext2_unmount(void);        // => nobody has a file of it open
size_t ext2_objects_left(void); // kernel objects and pages of page cache in use

#endif
