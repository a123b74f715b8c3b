// SPDX-License-Identifier: MIT
//
// System calls that make, move and remove names, and open. Called by trap/ with no lock held.
//
// Whatever changes a directory has the same shape: find the last component in the locked directory (edit_begin),
// check, let the file system do it, make the dentry cache follow. Two directories are locked only by rename,
// one rename at a time, ancestor first; every other second lock is that of an entry of a locked directory. So
// locks are always taken down the tree, and none who waits holds what is further down.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"

static struct mutex rename_lock = {{.queue = WAIT_QUEUE_INIT(rename_lock.lock.queue), .rank = RANK_RENAME}};

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
    int error = user_name(dirfd, address, &name);
    if (!error)
        error = vfs_open(name.base, name.text, (uint32_t)flags, (uint32_t)mode & ~current_fs()->umask, &file);
    return error ? error : fd_install(file, 0, flags & O_CLOEXEC);
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
    if (!error) // out of memory: the next lookup will find it
        dentry_replace(&edit->child, inode_hold(inode));
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

int64_t sys_linkat(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags)
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
    char *text = kmalloc(r->last[1].length + 1); // before the point of no return
    if (!text)
        return -ENOMEM;
    struct name name = {text, r->last[1].length};
    memcpy(text, r->last[1].text, name.length);
    rwlock_write_nested(&inode->lock, "an entry of a locked directory");
    if (replaced)
        rwlock_write_nested(&replaced->lock, "an entry of a locked directory; one rename at a time");
    error = from->ops->rename(from, dentry_name(r->child[0]), inode, to, name, replaced);
    if (replaced)
        rwlock_write_unlock(&replaced->lock);
    rwlock_write_unlock(&inode->lock);
    if (error) {
        kfree(text);
        return error;
    }
    dentry_drop(r->child[1]);
    dentries_shrink(0, r->child[1]);
    dentry_move(r->child[0], r->directory[1], name);
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
        error = dentry_lookup_locked(r->directory[i], (struct name){r->last[i].text, r->last[i].length}, &r->child[i]);
    if (!error)
        error = rename_children(r);
    if (first->inode != second->inode)
        rwlock_write_unlock(&second->inode->lock);
    rwlock_write_unlock(&first->inode->lock);
    return error;
}

static int find_directory(uint64_t dirfd, uint64_t address, struct renaming *r, int end)
{
    NAME_HERE name;
    int error = user_name(dirfd, address, &name);
    return error ? error : path_lookup(name.base, name.text, 0, &r->directory[end], &r->last[end]);
}

// => the directories have been looked up
static int rename_checked(struct renaming *r)
{
    const struct super_block *super = r->directory[0]->inode->super;
    if (r->directory[1]->inode->super != super)
        return -EXDEV;
    if (r->last[0].special || r->last[1].special)
        return r->no_replace && r->last[1].special ? -EEXIST : -EBUSY;
    if (super->read_only || !super->root->ops->rename)
        return super->read_only ? -EROFS : -EPERM;
    mutex_lock(&rename_lock);
    int error = rename_locked(r);
    mutex_unlock(&rename_lock);
    return error;
}

int64_t sys_renameat2(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path, uint64_t flags)
{
    struct renaming r = {.no_replace = flags & RENAME_NOREPLACE};
    if (flags & ~(uint64_t)RENAME_NOREPLACE)
        return -EINVAL;
    int error = find_directory(old_dirfd, old_path, &r, 0);
    if (!error)
        error = find_directory(new_dirfd, new_path, &r, 1);
    if (!error)
        error = rename_checked(&r);
    for (int end = 0; end < 2; end++) {
        dentry_put_auto(&r.child[end]);
        dentry_put_auto(&r.directory[end]);
    }
    return error;
}
