// SPDX-License-Identifier: MIT
// Flags of mmap, mprotect, madvise.
#ifndef UAPI_MMAN_H
#define UAPI_MMAN_H

enum { PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 4 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_TYPE = 0xf, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20,
       MAP_GROWSDOWN = 0x100, MAP_NORESERVE = 0x4000, MAP_POPULATE = 0x8000, MAP_STACK = 0x20000,
       MAP_FIXED_NOREPLACE = 0x100000 };
enum { MADV_DONTNEED = 4 };

#endif
