// SPDX-License-Identifier: MIT
//
// Open files: what a descriptor refers to, made by vfs_open() from a name, or by file_create() for a pipe.
// Called by system calls and by exec. A struct file is shared by dup and fork and goes with the last
// reference, maybe from under vm_space.map_lock; so release takes no inode lock.

#include "fs/pseudo.h"
#include "lib/assert.h"
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
    if (file->dentry)
        dentry_put(file->dentry);
    else if (file->inode)
        inode_put(file->inode);
    slab_free(&file_cache, file);
}

// With O_CREAT. A link at the end makes what it names; when it comes after the walk, that begins again.
static int find_or_create(struct dentry *base, const char *name, uint32_t flags, uint32_t mode,
                          struct dentry **out)
{
    static const int special[2][3] = {{-EISDIR, -EISDIR, -EISDIR}, {-EEXIST, -EEXIST, -EEXIST}};
    const struct new_file what = {.mode = S_IFREG | (mode & 07777)};
    bool exclusive = flags & O_EXCL, again;
    unsigned follow = flags & (O_EXCL | O_NOFOLLOW) ? 0 : LOOKUP_FOLLOW;
    struct edit edit;
    do {
        int error = edit_begin(base, name, follow, special[exclusive], &edit);
        if (error)
            return error;
        const struct inode *found = edit.child->inode;
        again = found && S_ISLNK(found->mode) && follow; // it has become a link since the walk
        if (edit.slash)
            error = -EISDIR;
        else if (found)
            error = exclusive ? -EEXIST : 0;
        else
            error = edit.directory->inode->ops->create ? edit_create(&edit, &what) : -EACCES;
        if (!error && !again)
            *out = dentry_cross_mounts(dentry_get(edit.child));
        edit_end(&edit);
        if (error)
            return error;
    } while (again);
    return 0;
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

// => file->dentry is there
static int open_found(struct file *file, uint32_t flags)
{
    struct inode *inode = file->inode = file->dentry->inode;
    const struct file_ops *ops = S_ISCHR(inode->mode) ? dev_find(inode->device) : inode->fops;
    int error = check_open(inode, flags);
    if (error || !ops)
        return error ? error : -ENXIO; // no driver, or a kind that cannot be opened: fifo, socket, block device
    file->ops = ops;
    if (ops->open)
        error = ops->open(file);
    return !error && flags & O_TRUNC && S_ISREG(inode->mode) ? vfs_truncate(inode, 0) : error;
}

int vfs_open(struct dentry *base, const char *name, uint32_t flags, uint32_t mode, struct file **out)
{
    static const struct file_ops not_open;
    struct file *file = file_create(&not_open, flags); // first: nothing is made or cut for want of it
    if (!file)
        return -ENOMEM;
    unsigned lookup = (flags & O_NOFOLLOW ? 0 : LOOKUP_FOLLOW) | (flags & O_DIRECTORY ? LOOKUP_DIRECTORY : 0);
    int error = flags & O_CREAT ? find_or_create(base, name, flags, mode, &file->dentry)
                                : path_lookup(base, name, lookup, &file->dentry, NULL);
    if (!error)
        error = open_found(file, flags);
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
