// SPDX-License-Identifier: MIT
//
// System calls about files as a whole: what stat tells, permissions, sizes, syncing. Called by
// trap/ with no lock held.

#include "fs/context.h"
#include "lib/log.h"
#include "lib/syscalls.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

// --- asking -----------------------------------------------------------------------------------------------

int64_t sys_fstat(uint64_t fd, uint64_t user)
{
    struct stat stat = {.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_blksize = PAGE_SIZE}; // a pipe
    FILE_HERE *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    if (file->inode)
        inode_fill_stat(file->inode, &stat);
    return copy_to_user(user_ptr(user), &stat, sizeof(stat));
}

int64_t sys_newfstatat(uint64_t dirfd, uint64_t name, uint64_t user, uint64_t flags)
{
    DENTRY_HERE *path = NULL;
    struct stat stat;
    char first;
    if (flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
        return -EINVAL;
    if (flags & AT_EMPTY_PATH && !copy_from_user(&first, user_ptr(name), 1) && !first && (int)dirfd >= 0)
        return sys_fstat(dirfd, user);
    int error = user_path(dirfd, name, flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path);
    if (error)
        return error;
    inode_fill_stat(path->inode, &stat);
    return copy_to_user(user_ptr(user), &stat, sizeof(stat));
}

// Root may do all but execute what nobody may.
int64_t sys_faccessat(uint64_t dirfd, uint64_t name, uint64_t mode)
{
    DENTRY_HERE *path = NULL;
    if (mode & ~(uint64_t)(R_OK | W_OK | X_OK))
        return -EINVAL;
    int error = user_path(dirfd, name, LOOKUP_FOLLOW, &path);
    if (error)
        return error;
    const struct inode *inode = path->inode;
    if (mode & X_OK && !S_ISDIR(inode->mode) && !(inode->mode & 0111))
        return -EACCES;
    return mode & W_OK && inode->super->read_only && !S_ISCHR(inode->mode) ? -EROFS : 0;
}

// --- changing ---------------------------------------------------------------------------------------------

static int64_t change_mode(struct inode *inode, uint64_t mode)
{
    if (!inode)
        return 0; // a pipe: nothing to keep it in
    if (inode->super->read_only)
        return -EROFS;
    rwlock_write(&inode->lock);
    inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
    inode->ctime = vfs_now();
    inode->dirty = true;
    rwlock_write_unlock(&inode->lock);
    return 0;
}

int64_t sys_fchmod(uint64_t fd, uint64_t mode)
{
    FILE_HERE *file = fd_get((int)fd);
    return file ? change_mode(file->inode, mode) : -EBADF;
}

int64_t sys_fchmodat(uint64_t dirfd, uint64_t name, uint64_t mode)
{
    DENTRY_HERE *path = NULL;
    int error = user_path(dirfd, name, LOOKUP_FOLLOW, &path);
    return error ? error : change_mode(path->inode, mode);
}

int64_t sys_umask(uint64_t mask)
{
    return atomic_exchange(&current_fs()->umask, mask & 0777);
}

// --- sizes and syncing ------------------------------------------------------------------------------------

int64_t sys_ftruncate(uint64_t fd, uint64_t bytes)
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || !file->inode || (file->flags & O_ACCMODE) == O_RDONLY)
        return file ? -EINVAL : -EBADF;
    return vfs_truncate(file->inode, bytes);
}

int64_t sys_truncate(uint64_t name, uint64_t bytes)
{
    DENTRY_HERE *path = NULL;
    int error = user_path((uint64_t)AT_FDCWD, name, LOOKUP_FOLLOW, &path);
    return error ? error : vfs_truncate(path->inode, bytes);
}

int64_t sys_sync(void)
{
    int error = vfs_sync();
    if (error)
        log_error("sync: error %d", -error); // sync(2) has no way to say it
    return 0;
}

int64_t sys_fsync(uint64_t fd)
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || !file->inode)
        return file ? -EINVAL : -EBADF;
    return vfs_sync_file(file->inode);
}
