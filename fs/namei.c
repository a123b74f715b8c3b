// SPDX-License-Identifier: MIT
//
// Path walk: from a name to the dentry it means, one component at a time, through mounts and symbolic links.
// Called by open and by every system call that takes a name; edit_begin() is what those have in common that
// make or remove one: walk to the directory, lock it, look the last component up. A link's target is put in
// front of what is left of the name, so there is no recursion and 40 links are 40 turns. Sleeps for
// directories it must read; holds one directory's lock at a time, and none between components.

#include "fs/context.h"

struct walk {
    struct dentry *at; // referenced
    const char *rest;  // what is left of the name: "" or begins with a slash, after the first component
    char *buffer;      // what rest points into once a link has been followed
    unsigned links;    // followed
};

// Goes on with the target of `link`, which is an entry of the directory w->at.
static int follow(struct walk *w, struct inode *link)
{
    if (++w->links > SYMLOOP_MAX)
        return -ELOOP;
    char *name = kmalloc(PATH_MAX);
    if (!name)
        return -ENOMEM;
    int length = link->ops->readlink ? link->ops->readlink(link, name, PATH_MAX) : -EINVAL;
    size_t rest_bytes = strlen(w->rest) + 1;
    if (length == 0)
        length = -ENOENT;
    else if (length > 0 && (size_t)length + rest_bytes > PATH_MAX)
        length = -ENAMETOOLONG;
    if (length < 0) {
        kfree(name);
        return length;
    }
    memcpy(name + length, w->rest, rest_bytes);
    kfree(w->buffer);
    w->rest = w->buffer = name;
    if (name[0] == '/') {
        dentry_put(w->at);
        w->at = dentry_get(root_dentry());
    }
    return 0;
}

// One component that is neither "." nor "..". `last`: only to see whether it is a link.
// => returns 1 when there is more to walk than before
static int step(struct walk *w, struct name name, bool follow_link, bool last)
{
    struct dentry *child;
    int error = dentry_lookup(w->at, name, &child);
    if (error)
        return error;
    struct inode *inode = __atomic_load_n(&child->inode, __ATOMIC_ACQUIRE);
    if (inode && S_ISLNK(inode->mode) && follow_link) {
        error = follow(w, inode);
        dentry_put(child);
        return error ? error : 1;
    }
    if (last || !inode) {
        dentry_put(child);
        return last ? 0 : -ENOENT;
    }
    dentry_put(w->at);
    w->at = dentry_cross_mounts(child);
    return 0;
}

static struct name next_component(struct walk *w)
{
    while (*w->rest == '/')
        w->rest++;
    const char *start = w->rest;
    while (*w->rest && *w->rest != '/')
        w->rest++;
    return (struct name){start, (size_t)(w->rest - start)};
}

static bool only_slashes(const char *rest)
{
    while (*rest == '/')
        rest++;
    return !*rest;
}

// With `last`, stops at the directory that holds the last component and stores that.
static int walk(struct walk *w, unsigned flags, struct last_name *last)
{
    bool must_be_directory = flags & LOOKUP_DIRECTORY;
    for (;;) {
        struct name name = next_component(w);
        bool final = only_slashes(w->rest), slash = *w->rest == '/', is_last = last && final;
        bool dots = (name.length == 1 || name.length == 2) && !memcmp(name.text, "..", name.length);
        if (name.length > NAME_MAX)
            return -ENAMETOOLONG;
        if ((name.length || must_be_directory || last) && !S_ISDIR(w->at->inode->mode))
            return -ENOTDIR;
        if (is_last) {
            last->length = name.length;
            last->slash = slash;
            last->special = !name.length || dots;
            memcpy(last->text, name.text, name.length);
        }
        if (!name.length || (is_last && (dots || !(flags & LOOKUP_FOLLOW))))
            return 0;
        if (final)
            must_be_directory |= slash;
        if (dots && name.length == 2) {
            struct dentry *below = w->at;
            w->at = dentry_parent(below);
            dentry_put(below);
        }
        if (dots)
            continue;
        bool follow_link = !final || (flags & LOOKUP_FOLLOW) || (slash && !last);
        int result = step(w, name, follow_link, is_last);
        if (result < 0 || (is_last && result == 0))
            return result;
    }
}

int path_lookup(struct dentry *base, const char *name, unsigned flags, struct dentry **out,
                struct last_name *last)
{
    struct walk w = {.rest = name};
    if (!*name)
        return -ENOENT;
    if (*name == '/')
        base = root_dentry();
    w.at = base ? dentry_get(base) : fs_working_directory();
    int error = walk(&w, flags, last);
    kfree(w.buffer);
    if (error)
        dentry_put(w.at);
    else
        *out = w.at;
    return error;
}

// --- making and removing names ----------------------------------------------------------------------------

int edit_begin(struct dentry *base, const char *name, unsigned flags, const int special[3],
               struct edit *edit) NO_LOCK_ANALYSIS
{
    struct last_name last;
    int error = path_lookup(base, name, flags, &edit->directory, &last);
    if (error)
        return error;
    struct inode *directory = edit->directory->inode;
    edit->slash = last.slash;
    rwlock_write(&directory->lock);
    error = last.special ? special[last.length] : directory->links == 0 ? -ENOENT
            : dentry_lookup_locked(edit->directory, (struct name){last.text, last.length}, &edit->child);
    if (error) {
        rwlock_write_unlock(&directory->lock);
        dentry_put(edit->directory);
    }
    return error;
}

int edit_create(struct edit *edit, const struct new_file *what)
{
    struct inode *directory = edit->directory->inode, *made;
    if (directory->super->read_only || !directory->ops->create)
        return directory->super->read_only ? -EROFS : -EPERM;
    int error = directory->ops->create(directory, dentry_name(edit->child), what, &made);
    if (!error)
        dentry_becomes(edit->child, made);
    return error;
}

void edit_end(struct edit *edit) NO_LOCK_ANALYSIS
{
    rwlock_write_unlock(&edit->directory->inode->lock);
    dentry_put_auto(&edit->child); // may be the end of the file: without the lock
    dentry_put(edit->directory);
}
