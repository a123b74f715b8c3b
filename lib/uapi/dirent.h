// SPDX-License-Identifier: MIT
// One directory entry as getdents64 writes it: variable length, the next one begins d_reclen bytes further.
#pragma once

#include <stdint.h>

enum { DT_UNKNOWN, DT_FIFO, DT_CHR, DT_DIR = 4, DT_BLK = 6, DT_REG = 8, DT_LNK = 10, DT_SOCK = 12 };

struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;     // where lseek would have to go to read the entry after this one
    uint16_t d_reclen; // of this record, a multiple of 8
    uint8_t d_type;
    char d_name[]; // ends with a zero byte
};
