// SPDX-License-Identifier: MIT
// How much of everything. LIB: the library of this kit keeps to it. DISK: the disk of `./kine run --xv6` is
// made so. The rest is there to compile with; Kine has more.
#pragma once

#define NPROC       64    // LIB  processes of the machine
#define NOFILE      16    // LIB  descriptors of a process
#define MAXARG      32    // LIB  words of an exec, with the end
#define MAXPATH     128   // LIB  bytes of a path, with its end
#define USERSTACK   1     // LIB  pages of stack; none is ever mapped below them
#define MAXOPBLOCKS 10    // the largest writes that tests try are of about so many blocks
#define FSSIZE      16384 // DISK blocks
#define NCPU        8
#define NFILE       100
#define NINODE      50
#define NDEV        10
#define ROOTDEV     1
#define LOGBLOCKS   (MAXOPBLOCKS * 3)
#define LOGSIZE     LOGBLOCKS
#define NBUF        (MAXOPBLOCKS * 3)
