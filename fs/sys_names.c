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
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

#define LISTING_BYTES_MOST ((uint64_t)16 << 10)

static struct mutex rename_lock = {{.queue = WAIT_QUEUE_INIT(rename_lock.lock.queue), .rank = RANK_RENAME}};

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

// --- rename -----------------------------------------------------------------------------------------------

struct renaming {
    struct path directory[2]; // from, to
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
    if (dentry_within(r->directory[1].dentry, from))
        return -EINVAL;
    if (to->inode && to->inode != from->inode) {
        if (is_directory != S_ISDIR(to->inode->mode))
            return is_directory ? -ENOTDIR : -EISDIR;
        if (dentry_within(r->directory[0].dentry, to))
            return -ENOTEMPTY;
    }
    return from->mounted || to->mounted ? -EBUSY : 0;
}

// => holds the directories' locks; both children have been looked up
static int rename_children(struct renaming *r) NO_LOCK_ANALYSIS
{
    struct inode *from = r->directory[0].dentry->inode, *to = r->directory[1].dentry->inode;
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
    dentry_move(r->child[0], r->directory[1].dentry, name, r->last[1].length);
    return 0;
}

static int rename_locked(struct renaming *r) NO_LOCK_ANALYSIS
{
    struct dentry *from = r->directory[0].dentry, *to = r->directory[1].dentry;
    struct dentry *first = dentry_within(from, to) ? to : from, *second = first == from ? to : from;
    rwlock_write(&first->inode->lock);
    if (first->inode != second->inode)
        rwlock_write_nested(&second->inode->lock, "ancestor first, one rename at a time");
    int error = from->inode->links && to->inode->links ? 0 : -ENOENT;
    for (int i = 0; i < 2 && !error; i++)
        error = dentry_lookup_locked(r->directory[i].dentry, r->last[i].name, r->last[i].length, &r->child[i]);
    if (!error)
        error = rename_children(r);
    if (first->inode != second->inode)
        rwlock_write_unlock(&second->inode->lock);
    rwlock_write_unlock(&first->inode->lock);
    return error;
}

int64_t sys_renameat2(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags)
{
    struct renaming r = {.no_replace = flags & RENAME_NOREPLACE};
    if (flags & ~(uint64_t)RENAME_NOREPLACE)
        return -EINVAL;
    int error = user_path(old_dirfd, old_path, 0, &r.directory[0], &r.last[0]);
    if (error)
        return error;
    error = user_path(new_dirfd, new_path, 0, &r.directory[1], &r.last[1]);
    if (error) {
        path_put(r.directory[0]);
        return error;
    }
    const struct super_block *super = r.directory[0].mount->super;
    if (r.directory[0].mount != r.directory[1].mount)
        error = -EXDEV;
    else if (r.last[0].special || r.last[1].special)
        error = r.no_replace && r.last[1].special ? -EEXIST : -EBUSY;
    else if (super->read_only || !super->root->ops->rename)
        error = super->read_only ? -EROFS : -EPERM;
    if (!error) {
        mutex_lock(&rename_lock);
        error = rename_locked(&r);
        mutex_unlock(&rename_lock);
    }
    for (int i = 0; i < 2; i++) {
        if (r.child[i])
            dentry_put(r.child[i]);
        path_put(r.directory[i]);
    }
    return error;
}

// --- asking -----------------------------------------------------------------------------------------------

int64_t sys_readlinkat(uint64_t dirfd, uint64_t path, uint64_t buffer, uint64_t bytes)
{
    struct path link;
    if ((int32_t)bytes <= 0)
        return -EINVAL;
    int error = user_path(dirfd, path, 0, &link, NULL);
    if (error)
        return error;
    struct inode *inode = link.dentry->inode;
    char *target = kmalloc(PATH_MAX);
    int64_t length = !target ? -ENOMEM : S_ISLNK(inode->mode) ? inode->ops->readlink(inode, target, PATH_MAX) : -EINVAL;
    if (length > (int32_t)bytes)
        length = (int32_t)bytes;
    if (length > 0 && copy_to_user(user_ptr(buffer), target, (size_t)length))
        length = -EFAULT;
    kfree(target);
    path_put(link);
    return length;
}

int64_t sys_getcwd(uint64_t buffer, uint64_t bytes)
{
    char *name = kmalloc(PATH_MAX);
    if (!name)
        return -ENOMEM;
    struct path path = fs_working_directory();
    int64_t length = path_name(&path, name, bytes < PATH_MAX ? bytes : PATH_MAX);
    if (length > 0 && copy_to_user(user_ptr(buffer), name, (size_t)length))
        length = -EFAULT;
    path_put(path);
    kfree(name);
    return length;
}

int64_t sys_chdir(uint64_t address)
{
    struct path path;
    int error = user_path((uint64_t)AT_FDCWD, address, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path, NULL);
    if (!error)
        fs_change_directory(path);
    return error;
}

int64_t sys_fchdir(uint64_t fd)
{
    struct file *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    int error = file->inode && S_ISDIR(file->inode->mode) ? 0 : -ENOTDIR;
    if (!error) {
        path_get(file->path);
        fs_change_directory(file->path);
    }
    file_put(file);
    return error;
}

struct listing {
    char *buffer;
    size_t bytes, length;
    bool full;
};

static bool list_entry(void *context, const char *name, size_t length, uint64_t number, unsigned type,
                       uint64_t next_position)
{
    struct listing *listing = context;
    struct linux_dirent64 *entry = (struct linux_dirent64 *)(listing->buffer + listing->length);
    size_t bytes = (offsetof(struct linux_dirent64, d_name) + length + 1 + 7) & ~(size_t)7;
    listing->full = bytes > listing->bytes - listing->length;
    if (listing->full)
        return false;
    entry->d_ino = number; // the buffer comes zeroed: so does what is between the records
    entry->d_off = (int64_t)next_position;
    entry->d_reclen = (uint16_t)bytes;
    entry->d_type = (uint8_t)type;
    memcpy(entry->d_name, name, length);
    listing->length += bytes;
    return true;
}

static int64_t list_directory(struct file *file, user_ptr_t user, uint64_t bytes)
{
    struct inode *inode = file->inode;
    struct listing listing = {.bytes = bytes < LISTING_BYTES_MOST ? bytes : LISTING_BYTES_MOST};
    listing.buffer = kmalloc(listing.bytes + sizeof(struct linux_dirent64));
    if (!listing.buffer)
        return -ENOMEM;
    mutex_lock(&file->position_lock);
    uint64_t position = file->position;
    rwlock_read(&inode->lock);
    int64_t result = inode->links ? inode->ops->readdir(inode, &position, list_entry, &listing) : -ENOENT;
    rwlock_read_unlock(&inode->lock);
    if (!result && listing.full && !listing.length)
        result = -EINVAL; // not even one fits
    if (!result)
        result = copy_to_user(user, listing.buffer, listing.length);
    if (!result)
        file->position = position;
    mutex_unlock(&file->position_lock);
    kfree(listing.buffer);
    return result ? result : (int64_t)listing.length;
}

int64_t sys_getdents64(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    struct file *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    bool is_directory = file->inode && S_ISDIR(file->inode->mode);
    int64_t result = is_directory ? list_directory(file, user_ptr(buffer), (uint32_t)bytes) : -ENOTDIR;
    file_put(file);
    return result;
}
