// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/mman.h"
#define MAP_FAILED ((void *)-1)
void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int munmap(void *address, size_t bytes);
int mprotect(void *address, size_t bytes, int protection);
int madvise(void *address, size_t bytes, int advice);
void *mremap(void *address, size_t old_bytes, size_t new_bytes, int flags, ...); // MREMAP_FIXED: where to
int msync(void *address, size_t bytes, int flags);
int mincore(void *address, size_t bytes, unsigned char *vector);
int memfd_create(const char *name, unsigned flags);
