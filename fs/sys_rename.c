// SPDX-License-Identifier: MIT
//
// rename(2). Called by trap/ with no lock held. The only system call that locks two directories: one rename at
// a time, ancestor first (fs/sys_names.c says why that suffices).

#include "fs/context.h"
#include "fs/syscalls.h"
#include "fs/user_path.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"

static struct mutex rename_lock = {{.queue = WAIT_QUEUE_INIT(rename_lock.lock.queue), .rank = RANK_RENAME}};

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
