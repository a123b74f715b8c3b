// SPDX-License-Identifier: MIT
//
// For tests of ext2 that know what they are after: a small disk with 1 KiB blocks, a boot in a process of its
// own, short forms of system calls, memory that runs out when the test says so, and the tools' verdict on the
// disk.

#ifndef TESTS_HOST_EXT2_SESSION_H
#define TESTS_HOST_EXT2_SESSION_H

#include "tests/host/ext2_work.h"

#define CWD        ((uint64_t)AT_FDCWD)
#define U(pointer) ((uint64_t)(uintptr_t)(pointer))

// A disk of 1 MiB: the shell's `commands` make the tree, then debugfs does `damage`; either may be "".
void disk_make(const char *commands, const char *damage);
void disk_remove(void);
void disk_session(void (*session)(void)); // the disk is mounted; the power is cut when it returns
void disk_check_sound(void);              // e2fsck -fn finds nothing
bool disk_marked_clean(void);             // also during a session: as the device has it now

int64_t open_mode(const char *name, uint64_t flags);
int64_t mkdir_at(const char *name);
int64_t move(const char *from, const char *to);
int64_t exists(const char *name); // 0 or -errno
int64_t size_of(int64_t fd);
// `bytes` times the letter. => all of it is written, or -errno
int64_t put(int64_t fd, char letter, size_t bytes, uint64_t at);
bool reads(int64_t fd, char letter, size_t bytes, uint64_t at); // are they there, all that letter?
void forget_names(void);    // with the names go the inodes that nobody uses
void memory_take_all(void); // and all that can be reclaimed: from now on nothing can be allocated
void memory_give_back(void);

#endif
