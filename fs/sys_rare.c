// SPDX-License-Identifier: MIT
//
// System calls about files that few programs make: permissions, owners, times. Optional.
// Called by trap/ with no lock held.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"

#define KEEP      UINT32_MAX
#define KEEP_TIME INT64_MIN

struct change {
    uint32_t mode, uid, gid;
    int64_t atime, mtime;
};
static const struct change no_change = {KEEP, KEEP, KEEP, KEEP_TIME, KEEP_TIME};

static int change_inode(struct inode *inode, const struct change *change)
{
    if (!inode)
        return 0; // a pipe: nothing to keep it in
    if (inode->super->read_only)
        return -EROFS;
    rwlock_write(&inode->lock);
    inode->mode = change->mode == KEEP ? inode->mode : (inode->mode & S_IFMT) | change->mode;
    inode->uid = change->uid == KEEP ? inode->uid : change->uid;
    inode->gid = change->gid == KEEP ? inode->gid : change->gid;
    inode->atime = change->atime == KEEP_TIME ? inode->atime : change->atime;
    inode->mtime = change->mtime == KEEP_TIME ? inode->mtime : change->mtime;
    inode->ctime = vfs_now();
    inode->dirty = true;
    rwlock_write_unlock(&inode->lock);
    return 0;
}

static int64_t change_path(uint64_t dirfd, uint64_t name, uint64_t flags, const struct change *change)
{
    DENTRY_HERE *path = NULL;
    if (flags & ~(uint64_t)AT_SYMLINK_NOFOLLOW)
        return -EINVAL;
    int error = user_path(dirfd, name, flags ? 0 : LOOKUP_FOLLOW, &path);
    return error ? error : change_inode(path->inode, change);
}

static int64_t change_file(uint64_t fd, const struct change *change)
{
    FILE_HERE *file = fd_get((int)fd);
    return file ? change_inode(file->inode, change) : -EBADF;
}

int64_t sys_fchmod(uint64_t fd, uint64_t mode)
{
    struct change change = no_change;
    change.mode = mode & 07777;
    return change_file(fd, &change);
}

int64_t sys_fchmodat(uint64_t dirfd, uint64_t name, uint64_t mode)
{
    struct change change = no_change;
    change.mode = mode & 07777;
    return change_path(dirfd, name, 0, &change);
}

int64_t sys_fchownat(uint64_t dirfd, uint64_t name, uint64_t uid, uint64_t gid, uint64_t flags)
{
    struct change change = no_change;
    change.uid = (uint32_t)uid;
    change.gid = (uint32_t)gid;
    return change_path(dirfd, name, flags, &change);
}

int64_t sys_utimensat(uint64_t dirfd, uint64_t name, uint64_t user_times, uint64_t flags)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    if (user_times && copy_from_user(times, user_ptr(user_times), sizeof(times)))
        return -EFAULT;
    if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
        return 0; // not even the name is looked at
    struct change change = no_change;
    for (int i = 0; i < 2; i++) {
        uint64_t ns = (uint64_t)times[i].tv_nsec;
        if (ns > 999999999 && ns != UTIME_NOW && ns != UTIME_OMIT)
            return -EINVAL;
        *(i ? &change.mtime : &change.atime) =
            ns == UTIME_NOW ? vfs_now() : ns == UTIME_OMIT ? KEEP_TIME : times[i].tv_sec;
    }
    return name ? change_path(dirfd, name, flags, &change) : change_file(dirfd, &change); // futimens(3)
}
