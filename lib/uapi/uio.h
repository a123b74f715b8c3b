// SPDX-License-Identifier: MIT
// Vectors of readv and writev; pollfd of ppoll.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { UIO_MAXIOV = 1024 };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };

struct iovec {
    void *iov_base;
    size_t iov_len;
};

struct pollfd {
    int32_t fd;
    int16_t events, revents;
};
