// SPDX-License-Identifier: MIT
// Sizes of the file system, and what read() gives for a directory. The disk of `./kine run --xv6` is ext2
// with blocks of BSIZE; MAXFILE is no limit there, but so many files of that size as tests make do fill it.
#pragma once

#include "kernel/types.h"

#define ROOTINO   2 // ext2's
#define BSIZE     1024
#define NDIRECT   12
#define NINDIRECT (BSIZE / sizeof(uint))
#define MAXFILE   (NDIRECT + NINDIRECT) // blocks

#define DIRSIZ 14 // longer names are cut, by the library

struct dirent {
    ushort inum;       // never 0: what is deleted is not seen
    char name[DIRSIZ]; // without an end where it has DIRSIZ characters
};
