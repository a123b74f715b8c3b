// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/fcntl.h"
int open(const char *path, int flags, ...);
int fcntl(int fd, int command, ...);
