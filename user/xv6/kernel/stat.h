// SPDX-License-Identifier: MIT
// What fstat and stat tell.
#pragma once

#include "kernel/types.h"

#define T_DIR     1
#define T_FILE    2
#define T_DEVICE  3
#define T_SYMLINK 4

struct stat {
    int dev;     // which file system
    uint ino;    // which of its files
    short type;  // one of T_*
    short nlink; // names that it has
    uint64 size; // bytes
};
