// SPDX-License-Identifier: MIT
//
// System calls about files as a whole: what stat tells, how full a file system is, sizes, syncing. Called by trap/ with no lock held.

#include "fs/context.h"
#include "lib/log.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"

// --- asking -----------------------------------------------------------------------------------------------

static void fill(struct inode *inode, struct stat *stat)
{
    rwlock_read(&inode->lock);
    *stat = (struct stat){
        .st_dev = inode->super->device_number, .st_ino = inode->number, .st_mode = inode->mode,
        .st_nlink = inode->links, .st_uid = inode->uid, .st_gid = inode->gid, .st_rdev = inode->device,
        .st_size = (int64_t)inode->size, .st_blksize = PAGE_SIZE, .st_blocks = (int64_t)inode->blocks,
        .st_atim.tv_sec = inode->atime, .st_mtim.tv_sec = inode->mtime, .st_ctim.tv_sec = inode->ctime,
    };
    rwlock_read_unlock(&inode->lock);
}

int64_t sys_fstat(uint64_t fd, uint64_t user)
{
    struct stat stat = {.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_blksize = PAGE_SIZE}; // a pipe
    FILE_HERE *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    if (file->inode)
        fill(file->inode, &stat);
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
    fill(path->inode, &stat);
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

int64_t sys_statfs(uint64_t name, uint64_t user)
{
    DENTRY_HERE *path = NULL;
    int error = user_path((uint64_t)AT_FDCWD, name, LOOKUP_FOLLOW, &path);
    if (error)
        return error;
    struct super_block *super = path->inode->super;
    struct statfs statfs = {.f_type = strcmp(super->type, "ext2") ? 0x9fa0 : 0xef53, .f_namelen = NAME_MAX,
                            .f_bsize = super->block_bytes ? super->block_bytes : PAGE_SIZE};
    statfs.f_frsize = statfs.f_bsize;
    if (super->statfs)
        super->statfs(super, &statfs);
    return copy_to_user(user_ptr(user), &statfs, sizeof(statfs));
}

// --- umask, sizes and syncing ------------------------------------------------------------------------------

int64_t sys_umask(uint64_t mask)
{
    return atomic_exchange(&current_fs()->umask, mask & 0777);
}

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
