// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/dirent.h"
#define dirent linux_dirent64
typedef struct directory DIR;
DIR *opendir(const char *path);
struct dirent *readdir(DIR *dir);
int closedir(DIR *dir);
long getdents64(int fd, void *to, size_t bytes);
