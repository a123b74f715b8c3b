// SPDX-License-Identifier: MIT
// File status. struct stat is the asm-generic one: 128 bytes on riscv64. File modes are in octal, as usual.
#pragma once

#include <stdint.h>
#include "uapi/time.h"

enum { S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFLNK = 0120000, S_IFREG = 0100000, S_IFBLK = 0060000,
       S_IFDIR = 0040000, S_IFCHR = 0020000, S_IFIFO = 0010000,
       S_ISUID = 04000, S_ISGID = 02000, S_ISVTX = 01000 };

#define S_ISLNK(mode)  (((mode)&S_IFMT) == S_IFLNK)
#define S_ISREG(mode)  (((mode)&S_IFMT) == S_IFREG)
#define S_ISDIR(mode)  (((mode)&S_IFMT) == S_IFDIR)
#define S_ISCHR(mode)  (((mode)&S_IFMT) == S_IFCHR)
#define S_ISBLK(mode)  (((mode)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(mode) (((mode)&S_IFMT) == S_IFIFO)

struct stat {
    uint64_t st_dev, st_ino;
    uint32_t st_mode, st_nlink, st_uid, st_gid;
    uint64_t st_rdev, st_pad1;
    int64_t st_size;
    int32_t st_blksize, st_pad2;
    int64_t st_blocks; // of 512 bytes
    struct timespec st_atim, st_mtim, st_ctim;
    uint32_t st_pad3[2];
};

// statfs(2): the file system a file lies on.
struct statfs {
    int64_t f_type, f_bsize;
    uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
