// SPDX-License-Identifier: MIT
//
// From the (dirfd, name) pair of the *at system calls to a path.

#ifndef FS_USER_PATH_H
#define FS_USER_PATH_H

#include "fs/vfs.h"

// As path_lookup(); with `last` as path_lookup_parent(). + -EFAULT, -EBADF and -ENOTDIR for dirfd, -ENOMEM
[[nodiscard]] int user_path(uint64_t dirfd, uint64_t name, unsigned flags, struct path *out,
                            struct last_name *last);
// The name alone, in PATH_MAX bytes of its own: kfree(). 0 or -errno
[[nodiscard]] int user_name(uint64_t name, char **out);

#endif
