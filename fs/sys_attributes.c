// SPDX-License-Identifier: MIT
//
// System calls about files as a whole: what stat tells, what chmod and its like change, sizes, syncing. Called by
// trap/ with no lock held.

#include "fs/context.h"
#include "fs/syscalls.h"
#include "fs/user_path.h"
#include "lib/log.h"
#include "lib/string.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

// --- asking -----------------------------------------------------------------------------------------------

int64_t sys_fstat(uint64_t fd, uint64_t user)
{
    struct file *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    struct stat stat = {.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_blksize = PAGE_SIZE}; // a pipe
    if (file->inode)
        inode_fill_stat(file->inode, &stat);
    file_put(file);
    return copy_to_user(user_ptr(user), &stat, sizeof(stat));
}

int64_t sys_newfstatat(uint64_t dirfd, uint64_t name, uint64_t user, uint64_t flags)
{
    struct path path;
    struct stat stat;
    char first;
    if (flags & AT_EMPTY_PATH && !copy_from_user(&first, user_ptr(name), 1) && !first && (int)dirfd >= 0)
        return sys_fstat(dirfd, user);
    int error = user_path(dirfd, name, flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &path, NULL);
    if (error)
        return error;
    inode_fill_stat(path.dentry->inode, &stat);
    path_put(path);
    return copy_to_user(user_ptr(user), &stat, sizeof(stat));
}

int64_t sys_statfs(uint64_t name, uint64_t user)
{
    struct path path;
    int error = user_path((uint64_t)AT_FDCWD, name, LOOKUP_FOLLOW, &path, NULL);
    if (error)
        return error;
    struct super_block *super = path.mount->super;
    struct statfs statfs = {.f_type = strcmp(super->type, "ext2") ? 0x9fa0 : 0xef53, .f_namelen = NAME_MAX,
                            .f_bsize = super->block_bytes ? super->block_bytes : PAGE_SIZE};
    statfs.f_frsize = statfs.f_bsize;
    if (super->statfs)
        error = super->statfs(super, &statfs.f_blocks, &statfs.f_bfree, &statfs.f_files, &statfs.f_ffree);
    statfs.f_bavail = statfs.f_bfree;
    path_put(path);
    return error ? error : copy_to_user(user_ptr(user), &statfs, sizeof(statfs));
}

int64_t sys_faccessat(uint64_t dirfd, uint64_t name, uint64_t mode)
{
    struct path path;
    if (mode & ~(uint64_t)(R_OK | W_OK | X_OK))
        return -EINVAL;
    int error = user_path(dirfd, name, LOOKUP_FOLLOW, &path, NULL);
    if (error)
        return error;
    const struct inode *inode = path.dentry->inode; // root may do all but execute what nobody may
    if (mode & X_OK && !S_ISDIR(inode->mode) && !(inode->mode & 0111))
        error = -EACCES;
    else if (mode & W_OK && inode->super->read_only && !S_ISCHR(inode->mode))
        error = -EROFS;
    path_put(path);
    return error;
}

// --- changing ---------------------------------------------------------------------------------------------

#define KEEP      UINT32_MAX
#define KEEP_TIME INT64_MIN

struct change {
    uint32_t mode, uid, gid;
    int64_t atime, mtime;
};
static const struct change no_change = {KEEP, KEEP, KEEP, KEEP_TIME, KEEP_TIME};

static int change(struct inode *inode, const struct change *change)
{
    if (!inode)
        return 0; // a pipe: nothing to keep it in
    if (inode->super->read_only)
        return -EROFS;
    rwlock_write(&inode->lock);
    if (change->mode != KEEP)
        inode->mode = (inode->mode & S_IFMT) | (change->mode & 07777);
    inode->uid = change->uid == KEEP ? inode->uid : change->uid;
    inode->gid = change->gid == KEEP ? inode->gid : change->gid;
    inode->atime = change->atime == KEEP_TIME ? inode->atime : change->atime;
    inode->mtime = change->mtime == KEEP_TIME ? inode->mtime : change->mtime;
    inode->ctime = vfs_now();
    inode->dirty = true;
    rwlock_write_unlock(&inode->lock);
    return 0;
}

static int64_t change_fd(uint64_t fd, const struct change *what)
{
    struct file *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    int error = change(file->inode, what);
    file_put(file);
    return error;
}

static int64_t change_path(uint64_t dirfd, uint64_t name, uint64_t flags, const struct change *what)
{
    struct path path;
    if (flags & ~(uint64_t)AT_SYMLINK_NOFOLLOW)
        return -EINVAL;
    int error = user_path(dirfd, name, flags ? 0 : LOOKUP_FOLLOW, &path, NULL);
    if (error)
        return error;
    error = change(path.dentry->inode, what);
    path_put(path);
    return error;
}

int64_t sys_fchmod(uint64_t fd, uint64_t mode)
{
    struct change what = no_change;
    what.mode = mode & 07777;
    return change_fd(fd, &what);
}

int64_t sys_fchmodat(uint64_t dirfd, uint64_t path, uint64_t mode)
{
    struct change what = no_change;
    what.mode = mode & 07777;
    return change_path(dirfd, path, 0, &what);
}

int64_t sys_fchownat(uint64_t dirfd, uint64_t path, uint64_t uid, uint64_t gid, uint64_t flags)
{
    struct change what = no_change;
    what.uid = (uint32_t)uid;
    what.gid = (uint32_t)gid;
    return change_path(dirfd, path, flags, &what);
}

int64_t sys_utimensat(uint64_t dirfd, uint64_t path, uint64_t user_times, uint64_t flags)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    int error = user_times ? copy_from_user(times, user_ptr(user_times), sizeof(times)) : 0;
    if (error)
        return error;
    struct change what = no_change;
    for (int i = 0; i < 2; i++) {
        uint64_t ns = (uint64_t)times[i].tv_nsec;
        if (ns > 999999999 && ns != UTIME_NOW && ns != UTIME_OMIT)
            return -EINVAL;
        *(i ? &what.mtime : &what.atime) =
            ns == UTIME_NOW ? vfs_now() : ns == UTIME_OMIT ? KEEP_TIME : times[i].tv_sec;
    }
    return path ? change_path(dirfd, path, flags, &what) : change_fd(dirfd, &what);
}

int64_t sys_umask(uint64_t mask)
{
    return atomic_exchange(&current_fs()->umask, mask & 0777);
}

// --- sizes and syncing ------------------------------------------------------------------------------------

int64_t sys_ftruncate(uint64_t fd, uint64_t bytes)
{
    struct file *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    bool writable = file->inode && (file->flags & O_ACCMODE) != O_RDONLY;
    int error = writable ? vfs_truncate(file->inode, bytes) : -EINVAL;
    file_put(file);
    return error;
}

int64_t sys_truncate(uint64_t name, uint64_t bytes)
{
    struct path path;
    int error = user_path((uint64_t)AT_FDCWD, name, LOOKUP_FOLLOW, &path, NULL);
    if (error)
        return error;
    error = vfs_truncate(path.dentry->inode, bytes);
    path_put(path);
    return error;
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
    struct file *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    int error = file->inode ? vfs_sync_file(file->inode) : -EINVAL;
    file_put(file);
    return error;
}
