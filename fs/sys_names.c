// SPDX-License-Identifier: MIT
//
// System calls that make and remove names, and open. Called by trap/ with no lock held.
//
// Whatever changes a directory has the same shape: find the last component in the locked directory
// (edit_begin), check, let the file system do it, make the dentry cache follow. A second lock is that of an
// entry of the locked directory (sys_rename.c: or of two), so locks are always taken down the tree, and none
// who waits holds what is further down.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"

int user_name(uint64_t dirfd, uint64_t address, struct user_name *name)
{
    name->text = name->brief;
    name->base = NULL;
    name->file = NULL;
    int64_t result = copy_string_from_user(name->brief, user_ptr(address), sizeof(name->brief));
    if (result == -ENAMETOOLONG) {
        name->text = kmalloc(PATH_MAX);
        result = name->text ? copy_string_from_user(name->text, user_ptr(address), PATH_MAX) : -ENOMEM;
    }
    if (result < 0 || name->text[0] == '/' || (int)dirfd == AT_FDCWD)
        return result < 0 ? (int)result : 0;
    name->file = fd_get((int)dirfd);
    if (!name->file || !name->file->dentry)
        return name->file ? -ENOTDIR : -EBADF; // a pipe
    name->base = name->file->dentry;
    return 0;
}

void user_name_put(struct user_name *name)
{
    file_put_auto(&name->file);
    if (name->text != name->brief)
        kfree(name->text);
}

int user_path(uint64_t dirfd, uint64_t address, unsigned flags, struct dentry **out)
{
    NAME_HERE name;
    int error = user_name(dirfd, address, &name);
    return error ? error : path_lookup(name.base, name.text, flags, out, NULL);
}

int64_t sys_openat(uint64_t dirfd, uint64_t address, uint64_t flags, uint64_t mode)
{
    NAME_HERE name;
    struct file *file;
    int error = user_name(dirfd, address, &name), fd = error ? error : fd_find_free(0); // before files change
    if (fd >= 0)
        error = vfs_open(name.base, name.text, (uint32_t)flags, (uint32_t)mode & ~current_fs()->umask, &file);
    return fd < 0 ? fd : error ? error : fd_install(file, 0, flags & O_CLOEXEC);
}

// --- making and removing ----------------------------------------------------------------------------------

static int begin(uint64_t dirfd, uint64_t address, const int special[3], struct edit *edit)
{
    NAME_HERE name;
    int error = user_name(dirfd, address, &name);
    return error ? error : edit_begin(name.base, name.text, 0, special, edit);
}

static int link_inode(struct edit *edit, struct inode *inode)
{
    struct inode *directory = edit->directory->inode;
    if (directory->super->read_only || inode->super != directory->super)
        return directory->super->read_only ? -EROFS : -EXDEV;
    rwlock_write(&inode->lock);
    int error = !directory->ops->link ? -EPERM : inode->links == 0 ? -ENOENT
                : directory->ops->link(directory, dentry_name(edit->child), inode);
    rwlock_write_unlock(&inode->lock);
    if (!error)
        dentry_becomes(edit->child, inode_hold(inode));
    return error;
}

// A new file, or, where `what` is NULL, a hard link to `linked`.
static int64_t create(uint64_t dirfd, uint64_t name, const struct new_file *what, struct inode *linked)
{
    static const int special[] = {-EEXIST, -EEXIST, -EEXIST};
    struct edit edit;
    int error = begin(dirfd, name, special, &edit);
    if (error)
        return error;
    if (edit.child->inode)
        error = -EEXIST;
    else if (edit.slash && !(what && S_ISDIR(what->mode)))
        error = -ENOENT;
    else
        error = what ? edit_create(&edit, what) : link_inode(&edit, linked);
    edit_end(&edit);
    return error;
}

int64_t sys_mkdirat(uint64_t dirfd, uint64_t path, uint64_t mode)
{
    uint32_t permissions = (uint32_t)mode & 01777 & ~current_fs()->umask;
    return create(dirfd, path, &(struct new_file){.mode = S_IFDIR | permissions}, NULL);
}

int64_t sys_mknodat(uint64_t dirfd, uint64_t path, uint64_t mode, uint64_t device)
{
    uint32_t type = mode & S_IFMT ? mode & S_IFMT : S_IFREG;
    if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO && type != S_IFSOCK)
        return type == S_IFDIR ? -EPERM : -EINVAL;
    type |= (uint32_t)mode & 07777 & ~current_fs()->umask;
    return create(dirfd, path, &(struct new_file){.mode = type, .device = device & 0xffff}, NULL);
}

int64_t sys_symlinkat(uint64_t target, uint64_t dirfd, uint64_t path)
{
    NAME_HERE text; // is not looked up
    int error = user_name((uint64_t)AT_FDCWD, target, &text);
    if (error || !*text.text)
        return error ? error : -ENOENT;
    return create(dirfd, path, &(struct new_file){.mode = S_IFLNK | 0777, .target = text.text}, NULL);
}

int64_t sys_linkat(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path,
                   uint64_t flags)
{
    DENTRY_HERE *old = NULL;
    if (flags & ~(uint64_t)AT_SYMLINK_FOLLOW)
        return -EINVAL;
    int error = user_path(old_dirfd, old_path, flags ? LOOKUP_FOLLOW : 0, &old);
    if (error || S_ISDIR(old->inode->mode))
        return error ? error : -EPERM;
    return create(new_dirfd, new_path, NULL, old->inode);
}

static int check_removal(const struct edit *edit, bool rmdir)
{
    const struct inode *directory = edit->directory->inode, *inode = edit->child->inode;
    if (!inode)
        return -ENOENT;
    if (S_ISDIR(inode->mode) && !rmdir)
        return -EISDIR;
    if (!S_ISDIR(inode->mode) && (rmdir || edit->slash))
        return -ENOTDIR;
    if (edit->child->mounted)
        return -EBUSY;
    return directory->super->read_only ? -EROFS : directory->ops->unlink ? 0 : -EPERM;
}

int64_t sys_unlinkat(uint64_t dirfd, uint64_t path, uint64_t flags)
{
    static const int special[2][3] = {{-EISDIR, -EISDIR, -EISDIR}, {-EBUSY, -EINVAL, -ENOTEMPTY}};
    struct edit edit;
    bool rmdir = flags & AT_REMOVEDIR;
    if (flags & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    int error = begin(dirfd, path, special[rmdir], &edit);
    if (error)
        return error;
    struct inode *directory = edit.directory->inode, *inode = edit.child->inode;
    error = check_removal(&edit, rmdir);
    if (!error) {
        rwlock_write_nested(&inode->lock, "an entry of the locked directory");
        error = directory->ops->unlink(directory, dentry_name(edit.child), inode);
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
