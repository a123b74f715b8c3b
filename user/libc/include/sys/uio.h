// SPDX-License-Identifier: MIT
#pragma once
#include <sys/types.h>
#include "uapi/uio.h"
ssize_t writev(int fd, const struct iovec *parts, int count);
