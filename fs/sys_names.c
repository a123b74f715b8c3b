// SPDX-License-Identifier: MIT
//
// System calls that find, make, move and remove names. Called by trap/ with no lock held.
//
// Whatever changes a directory has the same shape: walk to the directory, lock it, look the last component up,
// check, let the file system do it, make the dentry cache follow. Two directories are locked only by rename,
// one rename at a time, ancestor first; every other second lock is that of an entry of a locked directory. So
// locks are always taken down the tree, and none who waits holds what is further down.

#include "fs/context.h"
#include "fs/syscalls.h"
#include "fs/user_path.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

int user_name(uint64_t name, char **out)
{
    *out = kmalloc(PATH_MAX);
    int64_t length = *out ? copy_string_from_user(*out, user_ptr(name), PATH_MAX) : -ENOMEM;
    if (length >= 0)
        return 0;
    kfree(*out);
    return (int)length;
}

int user_path(uint64_t dirfd, uint64_t address, unsigned flags, struct path *out, struct last_name *last)
{
    char *name;
    struct file *directory = NULL;
    int error = user_name(address, &name);
    if (error)
        return error;
    if (name[0] != '/' && (int)dirfd != AT_FDCWD) {
        directory = fd_get((int)dirfd);
        error = !directory ? -EBADF : !directory->path.dentry ? -ENOTDIR : 0;
    }
    const struct path *base = directory ? &directory->path : NULL;
    if (!error)
        error = last ? path_lookup_parent(base, name, flags, out, last) : path_lookup(base, name, flags, out);
    if (directory)
        file_put(directory);
    kfree(name);
    return error;
}

int64_t sys_openat(uint64_t dirfd, uint64_t address, uint64_t flags, uint64_t mode)
{
    char *name;
    struct file *directory = NULL, *file;
    int error = user_name(address, &name);
    if (error)
        return error;
    if (name[0] != '/' && (int)dirfd != AT_FDCWD) {
        directory = fd_get((int)dirfd);
        error = !directory ? -EBADF : !directory->path.dentry ? -ENOTDIR : 0;
    }
    if (!error)
        error = vfs_open(directory ? &directory->path : NULL, name, (uint32_t)flags,
                         (uint32_t)mode & ~current_fs()->umask, &file);
    if (directory)
        file_put(directory);
    kfree(name);
    if (error)
        return error;
    int fd = fd_install(file, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_put(file);
    return fd;
}

// --- making and removing ----------------------------------------------------------------------------------

struct edit {
    struct path directory; // its inode is locked for write
    struct last_name last;
    struct dentry *child;
};

// => returns 0 with the directory locked; `special` when the name ends in "/", "." or ".."
static int edit_begin(uint64_t dirfd, uint64_t name, int special, struct edit *edit) NO_LOCK_ANALYSIS
{
    int error = user_path(dirfd, name, 0, &edit->directory, &edit->last);
    if (error)
        return error;
    struct dentry *parent = edit->directory.dentry;
    rwlock_write(&parent->inode->lock);
    error = edit->last.special ? special : parent->inode->links == 0 ? -ENOENT
            : dentry_lookup_locked(parent, edit->last.name, edit->last.length, &edit->child);
    if (error) {
        rwlock_write_unlock(&parent->inode->lock);
        path_put(edit->directory);
    }
    return error;
}

static void edit_end(struct edit *edit) NO_LOCK_ANALYSIS
{
    rwlock_write_unlock(&edit->directory.dentry->inode->lock);
    if (edit->child)
        dentry_put(edit->child); // may be the end of the file: without the lock
    path_put(edit->directory);
}

struct creation {
    uint32_t mode;
    uint64_t device;
    const char *target;  // of a symbolic link
    struct path *linked; // a hard link
};

static int link_inode(struct edit *edit, struct path *linked, struct inode **made)
{
    struct inode *directory = edit->directory.dentry->inode, *inode = linked->dentry->inode;
    if (linked->mount != edit->directory.mount)
        return -EXDEV;
    rwlock_write(&inode->lock);
    int error = !directory->ops->link ? -EPERM : inode->links == 0 ? -ENOENT
                : directory->ops->link(directory, edit->last.name, edit->last.length, inode);
    rwlock_write_unlock(&inode->lock);
    *made = error ? NULL : inode_hold(inode);
    return error;
}

static int64_t create(uint64_t dirfd, uint64_t name, const struct creation *what)
{
    struct edit edit;
    struct inode *made;
    int error = edit_begin(dirfd, name, -EEXIST, &edit);
    if (error)
        return error;
    struct inode *directory = edit.directory.dentry->inode;
    const struct inode_ops *ops = directory->ops;
    const char *last = edit.last.name;
    size_t length = edit.last.length;
    if (edit.child->inode)
        error = -EEXIST;
    else if (edit.last.slash && !S_ISDIR(what->mode))
        error = -ENOENT;
    else if (directory->super->read_only)
        error = -EROFS;
    else if (what->linked)
        error = link_inode(&edit, what->linked, &made);
    else if (what->target)
        error = ops->symlink ? ops->symlink(directory, last, length, what->target, &made) : -EPERM;
    else
        error = ops->create ? ops->create(directory, last, length, what->mode, what->device, &made) : -EPERM;
    if (!error) // out of memory: the next lookup will find it
        dentry_replace(&edit.child, edit.directory.dentry, &edit.last, made);
    edit_end(&edit);
    return error;
}

int64_t sys_mkdirat(uint64_t dirfd, uint64_t path, uint64_t mode)
{
    uint32_t permissions = (uint32_t)mode & 01777 & ~current_fs()->umask;
    return create(dirfd, path, &(struct creation){.mode = S_IFDIR | permissions});
}

int64_t sys_mknodat(uint64_t dirfd, uint64_t path, uint64_t mode, uint64_t device)
{
    uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
        return type == S_IFDIR ? -EPERM : -EINVAL;
    type |= (uint32_t)mode & 07777 & ~current_fs()->umask;
    return create(dirfd, path, &(struct creation){.mode = type, .device = device & 0xffff});
}

int64_t sys_symlinkat(uint64_t target, uint64_t dirfd, uint64_t path)
{
    char *text;
    int64_t error = user_name(target, &text);
    if (error)
        return error;
    error = *text ? create(dirfd, path, &(struct creation){.target = text}) : -ENOENT;
    kfree(text);
    return error;
}

int64_t sys_linkat(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags)
{
    struct path old;
    if (flags & ~(uint64_t)AT_SYMLINK_FOLLOW)
        return -EINVAL;
    int64_t error = user_path(old_dirfd, old_path, flags ? LOOKUP_FOLLOW : 0, &old, NULL);
    if (error)
        return error;
    error = S_ISDIR(old.dentry->inode->mode) ? -EPERM
                                             : create(new_dirfd, new_path, &(struct creation){.linked = &old});
    path_put(old);
    return error;
}

int64_t sys_unlinkat(uint64_t dirfd, uint64_t path, uint64_t flags)
{
    struct edit edit;
    bool rmdir = flags & AT_REMOVEDIR;
    if (flags & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    int error = edit_begin(dirfd, path, rmdir ? -EINVAL : -EISDIR, &edit);
    if (error)
        return error;
    struct inode *directory = edit.directory.dentry->inode, *inode = edit.child->inode;
    int (*remove)(struct inode *, const char *, size_t, struct inode *) =
        rmdir ? directory->ops->rmdir : directory->ops->unlink;
    if (!inode)
        error = -ENOENT;
    else if (rmdir != S_ISDIR(inode->mode) || (edit.last.slash && !rmdir))
        error = rmdir || edit.last.slash ? -ENOTDIR : -EISDIR;
    else if (edit.child->mounted || directory->super->read_only || !remove)
        error = edit.child->mounted ? -EBUSY : directory->super->read_only ? -EROFS : -EPERM;
    if (!error) {
        rwlock_write_nested(&inode->lock, "an entry of the locked directory");
        error = remove(directory, edit.last.name, edit.last.length, inode);
        rwlock_write_unlock(&inode->lock);
    }
    if (!error) {
        dentry_drop(edit.child);
        if (rmdir) // what is known of its names keeps it from going
            dentries_shrink(0, edit.child);
    }
    edit_end(&edit);
    return error;
}
