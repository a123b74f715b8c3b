// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/stat.h"
int stat(const char *path, struct stat *to);
int lstat(const char *path, struct stat *to);
int fstat(int fd, struct stat *to);
int chmod(const char *path, mode_t mode);
int mkdir(const char *path, mode_t mode);
int mkdirat(int directory, const char *path, mode_t mode);
int utimensat(int directory, const char *path, const struct timespec times[2], int flags);
mode_t umask(mode_t mask);
