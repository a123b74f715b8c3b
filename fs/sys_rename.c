// SPDX-License-Identifier: MIT
//
// renameat2(2). Two directories are locked here alone, one rename at a time, ancestor first, and then the
// entries: down the tree, as sys_names.c does. Optional. Called by trap/ with no lock held.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"

static struct mutex rename_lock = {{.queue = WAIT_QUEUE_INIT(rename_lock.lock.queue), .rank = RANK_RENAME}};

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
    for (int i = 0; i < 2 && !error; i++) {
        struct name name = {r->last[i].text, r->last[i].length};
        error = dentry_lookup_locked(r->directory[i], name, &r->child[i]);
    }
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

int64_t sys_renameat2(uint64_t old_dirfd, uint64_t old_path, uint64_t new_dirfd, uint64_t new_path,
                      uint64_t flags)
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
