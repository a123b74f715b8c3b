// SPDX-License-Identifier: MIT
// Opening files and what may be done with a descriptor: flags of openat, the *at calls, lseek and fcntl.
#pragma once

enum {
    O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE,
    O_CREAT = 0x40, O_EXCL = 0x80, O_NOCTTY = 0x100, O_TRUNC = 0x200, O_APPEND = 0x400, O_NONBLOCK = 0x800,
    O_DSYNC = 0x1000, O_LARGEFILE = 0x8000, O_DIRECTORY = 0x10000, O_NOFOLLOW = 0x20000,
    O_NOATIME = 0x40000, O_CLOEXEC = 0x80000, O_SYNC = 0x101000, O_PATH = 0x200000,

    AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EACCESS = 0x200,
    AT_SYMLINK_FOLLOW = 0x400, AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000,
    RENAME_NOREPLACE = 1, RENAME_EXCHANGE = 2,
    SEEK_SET = 0, SEEK_CUR, SEEK_END,
    F_OK = 0, X_OK = 1, W_OK = 2, R_OK = 4, // modes of faccessat
    F_DUPFD = 0, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC = 1030, FD_CLOEXEC = 1,
};
