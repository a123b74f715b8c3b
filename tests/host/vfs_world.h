// SPDX-License-Identifier: MIT
//
// What the tests of the VFS share: /dev and /proc over memory_fs.c as the root, a process with its descriptors, a
// console, and short forms of system calls. The root has /a with /a/file, which says "hello".

#ifndef TESTS_HOST_VFS_WORLD_H
#define TESTS_HOST_VFS_WORLD_H

#include "arch/cpu.h"
#include "fs/context.h"
#include "tests/host/fake_fs_mm.h"
#include "tests/host/fake_sched.h"
#include "tests/host/memory_fs.h"

#define CWD        ((uint64_t)AT_FDCWD)
#define U(pointer) ((uint64_t)(uintptr_t)(pointer))

extern struct file_table *files;
extern struct fs_context *context;
extern int signals;              // SIGPIPEs that the process got
extern int signalled, signalled_group; // the last signal from the console, and to whom
extern char screen[8192];        // what the console has shown
extern void (*type)(char byte);  // a key of the console

void vfs_world_boot(void);
void vfs_world_end(void);
void forget_all(void);           // write everything back, empty the caches
unsigned random_below(unsigned below);
void run_tasks(void);            // in another order each time

int64_t open_mode(const char *name, uint64_t flags);
int64_t mkdir(const char *name);
int64_t unlink(const char *name);
int64_t rmdir(const char *name);
int64_t move(const char *from, const char *to);
int64_t symlink(const char *target, const char *name);
int64_t link(const char *from, const char *to);
int64_t stat_of(const char *name, struct stat *stat);
int64_t exists(const char *name); // 0 or -errno
void touch(const char *name);
void put(const char *name, const char *text);
const char *contents(const char *name);
void append(char *names, const char *name); // "name " to 256 bytes

#endif
