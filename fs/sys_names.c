// SPDX-License-Identifier: MIT
//
// System calls that make, move and remove names, and open. Called by trap/ with no lock held.
//
// Whatever changes a directory has the same shape: walk to the directory, lock it, look the last component up,
// check, let the file system do it, make the dentry cache follow. Two directories are locked only by rename,
// one rename at a time, ancestor first; every other second lock is that of an entry of a locked directory. So
// locks are always taken down the tree, and none who waits holds what is further down.

#include "fs/context.h"
#include "lib/string.h"
#include "lib/syscalls.h"
#include "mm/slab.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

static struct mutex rename_lock = {{.queue = WAIT_QUEUE_INIT(rename_lock.lock.queue), .rank = RANK_RENAME}};

int user_name(uint64_t dirfd, uint64_t address, char **name, struct file **directory)
{
    char *copy = kmalloc(PATH_MAX);
    int64_t result = copy ? copy_string_from_user(copy, user_ptr(address), PATH_MAX) : -ENOMEM;
    *directory = NULL;
    if (result >= 0 && copy[0] != '/' && (int)dirfd != AT_FDCWD) {
        *directory = fd_get((int)dirfd);
        result = !*directory ? -EBADF : (*directory)->path.dentry ? 0 : -ENOTDIR; // a pipe
    }
    if (result >= 0) {
        *name = copy;
        return 0;
    }
    file_put_auto(directory);
    kfree(copy);
    return (int)result;
}

int user_path(uint64_t dirfd, uint64_t address, unsigned flags, struct path *out, struct last_name *last)
{
    char *name;
    struct file *directory;
    int error = user_name(dirfd, address, &name, &directory);
    if (error)
        return error;
    const struct path *base = directory ? &directory->path : NULL;
    error = path_lookup(base, name, flags, out, last);
    file_put_auto(&directory);
    kfree(name);
    return error;
}

int64_t sys_openat(uint64_t dirfd, uint64_t address, uint64_t flags, uint64_t mode)
{
    char *name;
    struct file *directory, *file;
    int result = user_name(dirfd, address, &name, &directory);
    if (result)
        return result;
    result = vfs_open(directory ? &directory->path : NULL, name, (uint32_t)flags,
                      (uint32_t)mode & ~current_fs()->umask, &file);
    file_put_auto(&directory);
    kfree(name);
    return result ? result : fd_install(file, 0, flags & O_CLOEXEC);
}

// --- making and removing ----------------------------------------------------------------------------------

struct edit {
    struct path directory; // its inode is locked for write
    struct last_name last;
    struct dentry *child;
};

// => returns 0 with the directory locked; `special` says what is wrong with "/", "." and ".." at the end
static int edit_begin(uint64_t dirfd, uint64_t name, const int special[3], struct edit *edit) NO_LOCK_ANALYSIS
{
    int error = user_path(dirfd, name, 0, &edit->directory, &edit->last);
    if (error)
        return error;
    struct dentry *parent = edit->directory.dentry;
    rwlock_write(&parent->inode->lock);
    error = edit->last.special ? special[edit->last.length] : parent->inode->links == 0 ? -ENOENT
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

// A new file, or, where `what` is NULL, a hard link to `linked`.
static int64_t create(uint64_t dirfd, uint64_t name, const struct new_file *what, struct path *linked)
{
    static const int special[] = {-EEXIST, -EEXIST, -EEXIST};
    struct edit edit;
    struct inode *made;
    int error = edit_begin(dirfd, name, special, &edit);
    if (error)
        return error;
    struct inode *directory = edit.directory.dentry->inode;
    if (edit.child->inode)
        error = -EEXIST;
    else if (edit.last.slash && !(what && S_ISDIR(what->mode)))
        error = -ENOENT;
    else if (directory->super->read_only)
        error = -EROFS;
    else if (linked)
        error = link_inode(&edit, linked, &made);
    else if (directory->ops->create)
        error = directory->ops->create(directory, edit.last.name, edit.last.length, what, &made);
    else
        error = -EPERM;
    if (!error) // out of memory: the next lookup will find it
        dentry_replace(&edit.child, edit.directory.dentry, &edit.last, made);
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
    char *text;
    struct file *none; // a target is not looked up
    int64_t error = user_name((uint64_t)AT_FDCWD, target, &text, &none);
    if (error)
        return error;
    const struct new_file link = {.mode = S_IFLNK | 0777, .target = text};
    error = *text ? create(dirfd, path, &link, NULL) : -ENOENT;
    kfree(text);
    return error;
}

int64_t sys_linkat(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags)
{
    PATH_HERE old = {0};
    if (flags & ~(uint64_t)AT_SYMLINK_FOLLOW)
        return -EINVAL;
    int error = user_path(old_dirfd, old_path, flags ? LOOKUP_FOLLOW : 0, &old, NULL);
    if (error || S_ISDIR(old.dentry->inode->mode))
        return error ? error : -EPERM;
    return create(new_dirfd, new_path, NULL, &old);
}

static int check_removal(const struct edit *edit, bool rmdir)
{
    const struct inode *directory = edit->directory.dentry->inode, *inode = edit->child->inode;
    if (!inode)
        return -ENOENT;
    if (S_ISDIR(inode->mode) && !rmdir)
        return -EISDIR;
    if (!S_ISDIR(inode->mode) && (rmdir || edit->last.slash))
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
    int error = edit_begin(dirfd, path, special[rmdir], &edit);
    if (error)
        return error;
    struct inode *directory = edit.directory.dentry->inode, *inode = edit.child->inode;
    error = check_removal(&edit, rmdir);
    if (!error) {
        rwlock_write_nested(&inode->lock, "an entry of the locked directory");
        error = directory->ops->unlink(directory, edit.last.name, edit.last.length, inode);
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

// --- rename -----------------------------------------------------------------------------------------------

struct renaming {
    struct dentry *directory[2]; // from, to
    struct last_name last[2];
    struct dentry *child[2];
    bool no_replace;
};

static int check_rename(const struct renaming *r)
{
    const struct dentry *from = r->child[0], *to = r->child[1];
    if (!from->inode)
        return -ENOENT;
    bool is_directory = S_ISDIR(from->inode->mode);
    if (to->inode && r->no_replace)
        return -EEXIST;
    if (!is_directory && (r->last[0].slash || r->last[1].slash))
        return -ENOTDIR;
    if (dentry_within(r->directory[1], from))
        return -EINVAL;
    if (to->inode && to->inode != from->inode) {
        if (is_directory != S_ISDIR(to->inode->mode))
            return is_directory ? -ENOTDIR : -EISDIR;
        if (dentry_within(r->directory[0], to))
            return -ENOTEMPTY;
    }
    return from->mounted || to->mounted ? -EBUSY : 0;
}

// => holds the directories' locks; both children have been looked up
static int rename_children(struct renaming *r) NO_LOCK_ANALYSIS
{
    struct inode *from = r->directory[0]->inode, *to = r->directory[1]->inode;
    struct inode *inode = r->child[0]->inode, *replaced = r->child[1]->inode;
    int error = check_rename(r);
    if (error || inode == replaced)
        return error; // two links of one file: nothing to do, says POSIX
    char *name = kmalloc(r->last[1].length + 1); // before the point of no return
    if (!name)
        return -ENOMEM;
    memcpy(name, r->last[1].name, r->last[1].length);
    rwlock_write_nested(&inode->lock, "an entry of a locked directory");
    if (replaced)
        rwlock_write_nested(&replaced->lock, "an entry of a locked directory; one rename at a time");
    error = from->ops->rename(from, r->last[0].name, r->last[0].length, inode, to, name, r->last[1].length,
                              replaced);
    if (replaced)
        rwlock_write_unlock(&replaced->lock);
    rwlock_write_unlock(&inode->lock);
    if (error) {
        kfree(name);
        return error;
    }
    dentry_drop(r->child[1]);
    dentries_shrink(0, r->child[1]);
    dentry_move(r->child[0], r->directory[1], name, r->last[1].length);
    return 0;
}

static int rename_locked(struct renaming *r) NO_LOCK_ANALYSIS
{
    struct dentry *from = r->directory[0], *to = r->directory[1];
    struct dentry *first = dentry_within(from, to) ? to : from, *second = first == from ? to : from;
    rwlock_write(&first->inode->lock);
    if (first->inode != second->inode)
        rwlock_write_nested(&second->inode->lock, "ancestor first, one rename at a time");
    int error = from->inode->links && to->inode->links ? 0 : -ENOENT;
    for (int i = 0; i < 2 && !error; i++)
        error = dentry_lookup_locked(r->directory[i], r->last[i].name, r->last[i].length, &r->child[i]);
    if (!error)
        error = rename_children(r);
    if (first->inode != second->inode)
        rwlock_write_unlock(&second->inode->lock);
    rwlock_write_unlock(&first->inode->lock);
    return error;
}

int64_t sys_renameat2(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags)
{
    PATH_HERE from = {0};
    PATH_HERE to = {0};
    struct renaming r = {.no_replace = flags & RENAME_NOREPLACE};
    if (flags & ~(uint64_t)RENAME_NOREPLACE)
        return -EINVAL;
    int error = user_path(old_dirfd, old_path, 0, &from, &r.last[0]);
    if (!error)
        error = user_path(new_dirfd, new_path, 0, &to, &r.last[1]);
    if (error)
        return error;
    const struct super_block *super = from.mount->super;
    if (from.mount != to.mount)
        return -EXDEV;
    if (r.last[0].special || r.last[1].special)
        return r.no_replace && r.last[1].special ? -EEXIST : -EBUSY;
    if (super->read_only || !super->root->ops->rename)
        return super->read_only ? -EROFS : -EPERM;
    r.directory[0] = from.dentry;
    r.directory[1] = to.dentry;
    mutex_lock(&rename_lock);
    error = rename_locked(&r);
    mutex_unlock(&rename_lock);
    for (int i = 0; i < 2; i++)
        if (r.child[i])
            dentry_put(r.child[i]);
    return error;
}
