// SPDX-License-Identifier: MIT
//
// From the (dirfd, name) pair of the *at system calls to a path.

#ifndef FS_USER_PATH_H
#define FS_USER_PATH_H

#include "fs/vfs.h"

// The name, in PATH_MAX bytes of its own (kfree), and what dirfd stands for if the name needs it, else NULL.
// => returns 0, or -EFAULT, -ENAMETOOLONG, -ENOMEM, -EBADF, -ENOTDIR with nothing to release
[[nodiscard]] int user_name(uint64_t dirfd, uint64_t address, char **name, struct file **directory);
// As path_lookup(); with `last` as path_lookup_parent(); + the errors above
[[nodiscard]] int user_path(uint64_t dirfd, uint64_t address, unsigned flags, struct path *out,
                            struct last_name *last);

#endif
