// SPDX-License-Identifier: MIT
// Error numbers of Linux. The kernel returns them negated; the C library makes errno of them.
#pragma once

#ifndef EPERM // a test on the host may have those of its C library
enum { EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD, EAGAIN, ENOMEM, EACCES,
       EFAULT, EBUSY = 16, EEXIST, EXDEV, ENODEV, ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY,
       EFBIG, ENOSPC, ESPIPE, EROFS, EMLINK, EPIPE, ERANGE = 34, ENAMETOOLONG = 36, ENOSYS = 38, ENOTEMPTY,
       ELOOP, EOVERFLOW = 75, EOPNOTSUPP = 95, ETIMEDOUT = 110, EWOULDBLOCK = EAGAIN };
#endif
