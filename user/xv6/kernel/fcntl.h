// SPDX-License-Identifier: MIT
// open() and mmap(): xv6's numbers, not Linux'. The library translates.
#pragma once

#define O_RDONLY   0x000
#define O_WRONLY   0x001
#define O_RDWR     0x002
#define O_CREATE   0x200
#define O_TRUNC    0x400
#define O_NOFOLLOW 0x800 // of the lab about symbolic links

#define PROT_NONE   0 // of the lab about mmap
#define PROT_READ   1
#define PROT_WRITE  2
#define PROT_EXEC   4
#define MAP_SHARED  1
#define MAP_PRIVATE 2
