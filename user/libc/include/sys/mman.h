// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/mman.h"
#define MAP_FAILED ((void *)-1)
void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int munmap(void *address, size_t bytes);
int mprotect(void *address, size_t bytes, int protection);
int madvise(void *address, size_t bytes, int advice);
