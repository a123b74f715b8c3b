// SPDX-License-Identifier: MIT
//
// System calls of fs/, as trap/syscall_table.h lists them. Arguments come as raw registers; each function
// converts its own. => returns a value or -errno, as the Linux manual page of the call says.

#ifndef FS_SYSCALLS_H
#define FS_SYSCALLS_H

#include <stdint.h>

int64_t sys_openat(uint64_t dirfd, uint64_t path, uint64_t flags, uint64_t mode);
int64_t sys_close(uint64_t fd);
int64_t sys_read(uint64_t fd, uint64_t buffer, uint64_t bytes);
int64_t sys_write(uint64_t fd, uint64_t buffer, uint64_t bytes);
int64_t sys_readv(uint64_t fd, uint64_t vector, uint64_t count);
int64_t sys_writev(uint64_t fd, uint64_t vector, uint64_t count);
int64_t sys_pread64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset);
int64_t sys_pwrite64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset);
int64_t sys_lseek(uint64_t fd, uint64_t offset, uint64_t whence);
int64_t sys_dup(uint64_t fd);
int64_t sys_dup3(uint64_t from, uint64_t to, uint64_t flags);
int64_t sys_fcntl(uint64_t fd, uint64_t command, uint64_t argument);
int64_t sys_ioctl(uint64_t fd, uint64_t request, uint64_t argument);
int64_t sys_pipe2(uint64_t fds, uint64_t flags);
int64_t sys_fstat(uint64_t fd, uint64_t stat);
int64_t sys_newfstatat(uint64_t dirfd, uint64_t path, uint64_t stat, uint64_t flags);
int64_t sys_statfs(uint64_t path, uint64_t statfs);
int64_t sys_readlinkat(uint64_t dirfd, uint64_t path, uint64_t buffer, uint64_t bytes);
int64_t sys_getdents64(uint64_t fd, uint64_t buffer, uint64_t bytes);
int64_t sys_getcwd(uint64_t buffer, uint64_t bytes);
int64_t sys_chdir(uint64_t path);
int64_t sys_fchdir(uint64_t fd);
int64_t sys_mkdirat(uint64_t dirfd, uint64_t path, uint64_t mode);
int64_t sys_mknodat(uint64_t dirfd, uint64_t path, uint64_t mode, uint64_t device);
int64_t sys_unlinkat(uint64_t dirfd, uint64_t path, uint64_t flags);
int64_t sys_linkat(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags);
int64_t sys_symlinkat(uint64_t target, uint64_t dirfd, uint64_t path);
int64_t sys_renameat2(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags);
int64_t sys_ftruncate(uint64_t fd, uint64_t bytes);
int64_t sys_truncate(uint64_t path, uint64_t bytes);
int64_t sys_faccessat(uint64_t dirfd, uint64_t path, uint64_t mode);
int64_t sys_fchmodat(uint64_t dirfd, uint64_t path, uint64_t mode);
int64_t sys_fchmod(uint64_t fd, uint64_t mode);
int64_t sys_fchownat(uint64_t dirfd, uint64_t path, uint64_t uid, uint64_t gid, uint64_t flags);
int64_t sys_utimensat(uint64_t dirfd, uint64_t path, uint64_t times, uint64_t flags);
int64_t sys_umask(uint64_t mask);
int64_t sys_memfd_create(uint64_t name, uint64_t flags);
int64_t sys_sync(void);
int64_t sys_swapon(uint64_t path, uint64_t flags); // an optional part
int64_t sys_fsync(uint64_t fd);
int64_t sys_ppoll(uint64_t fds, uint64_t count, uint64_t timeout, uint64_t mask, uint64_t mask_bytes);

#endif
