// SPDX-License-Identifier: MIT
//
// Open files: what a descriptor refers to, made by vfs_open() from a name, or by file_create() for a pipe.
// Called by system calls and by exec. A struct file is shared by dup and fork and goes with the last reference,
// maybe from under vm_space.map_lock; so release takes no inode lock.

#include "fs/pseudo.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

static struct slab_cache file_cache = SLAB_CACHE("file", struct file);

struct file *file_create(const struct file_ops *ops, uint32_t flags)
{
    struct file *file = slab_alloc(&file_cache);
    if (file) {
        file->refs = 1;
        file->ops = ops;
        file->flags = flags & ~(uint32_t)(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY | O_CLOEXEC);
        mutex_init(&file->position_lock, RANK_FILE);
    }
    return file;
}

void file_get(struct file *file)
{
    uint32_t before = atomic_fetch_add(&file->refs, 1);
    ASSERT(before > 0);
    (void)before;
}

void file_put(struct file *file)
{
    if (atomic_fetch_sub(&file->refs, 1) != 1)
        return;
    if (file->ops->release)
        file->ops->release(file);
    if (file->path.dentry)
        path_put(file->path);
    else if (file->inode)
        inode_put(file->inode);
    slab_free(&file_cache, file);
}

// The last component of an O_CREAT name, made when it is not there. => returns 1: it has become a link
static int open_or_create(struct path *directory, const struct last_name *last, uint32_t flags, uint32_t mode,
                          struct path *out)
{
    struct inode *parent = directory->dentry->inode, *inode;
    struct dentry *child;
    rwlock_write(&parent->lock);
    int error = parent->links ? dentry_lookup_locked(directory->dentry, last->name, last->length, &child) : -ENOENT;
    if (!error && !child->inode) {
        const struct new_file what = {.mode = S_IFREG | (mode & 07777)};
        error = parent->super->read_only ? -EROFS : !parent->ops->create ? -EACCES
                : parent->ops->create(parent, last->name, last->length, &what, &inode);
        if (error)
            dentry_put(child);
        else
            dentry_replace(&child, directory->dentry, last, inode);
        error = error || child ? error : -ENOMEM;
    } else if (!error) {
        error = flags & O_EXCL                                                 ? -EEXIST
                : S_ISLNK(child->inode->mode) ? (flags & O_NOFOLLOW ? -ELOOP : 1) : 0;
        if (error)
            dentry_put(child);
    }
    rwlock_write_unlock(&parent->lock);
    if (!error) {
        *out = (struct path){directory->mount, child};
        path_cross_mounts(out);
    }
    return error;
}

static int find_or_create(const struct path *base, const char *name, uint32_t flags, uint32_t mode,
                          struct path *out)
{
    struct path directory;
    struct last_name last;
    int error;
    do {
        unsigned follow = flags & (O_EXCL | O_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
        error = path_lookup(base, name, follow, &directory, &last);
        if (error)
            return error;
        if (last.special || last.slash)
            error = flags & O_EXCL && last.special ? -EEXIST : -EISDIR;
        else
            error = open_or_create(&directory, &last, flags, mode, out);
        path_put(directory);
    } while (error > 0);
    return error;
}

// May `inode` be opened so: what Linux asks of root.
static int check_open(const struct inode *inode, uint32_t flags)
{
    bool writing = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
    if (S_ISLNK(inode->mode))
        return -ELOOP; // O_NOFOLLOW: a link is never open
    if (S_ISDIR(inode->mode))
        return writing || flags & O_CREAT ? -EISDIR : 0;
    if (flags & O_DIRECTORY)
        return -ENOTDIR;
    return writing && S_ISREG(inode->mode) && inode->super->read_only ? -EROFS : 0;
}

int vfs_open(const struct path *base, const char *name, uint32_t flags, uint32_t mode, struct file **out)
{
    struct path path;
    unsigned lookup = (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0);
    int error = flags & O_CREAT ? find_or_create(base, name, flags, mode, &path)
                                : path_lookup(base, name, lookup, &path, NULL);
    if (error)
        return error;
    struct inode *inode = path.dentry->inode;
    const struct file_ops *ops = S_ISCHR(inode->mode) ? dev_find(inode->device) : inode->fops;
    error = check_open(inode, flags);
    if (!error && !ops)
        error = -ENXIO; // no driver, or a kind that cannot be opened: fifo, socket, block device
    struct file *file = error ? NULL : file_create(ops, flags);
    if (!file) {
        path_put(path);
        return error ? error : -ENOMEM;
    }
    file->path = path;
    file->inode = inode;
    if (ops->open)
        error = ops->open(file);
    if (!error && flags & O_TRUNC && S_ISREG(inode->mode))
        error = vfs_truncate(inode, 0);
    if (error)
        file_put(file);
    else
        *out = file;
    return error;
}

int vfs_may_execute(struct file *file)
{
    return file->inode && S_ISREG(file->inode->mode) && file->inode->mode & 0111 ? 0 : -EACCES;
}

void inode_fill_stat(struct inode *inode, struct stat *stat)
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
