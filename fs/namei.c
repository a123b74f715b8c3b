// SPDX-License-Identifier: MIT
//
// Path walk: from a name to the dentry it means, one component at a time, through mounts and symbolic links.
// Called by open and by every system call that takes a name. A link's target is put in front of what is left
// of the name, so there is no recursion and 40 links are 40 turns. Sleeps for directories it must read; holds
// one directory's lock at a time, and none between components.

#include "fs/context.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "uapi/errno.h"

struct walk {
    struct path at;   // referenced
    const char *rest; // what is left of the name: "" or begins with a slash, after the first component
    char *buffer;     // what rest points into once a link has been followed
    unsigned links;   // followed
};

void path_get(struct path path)
{
    dentry_get(path.dentry);
}

void path_put(struct path path)
{
    dentry_put(path.dentry);
}

void path_cross_mounts(struct path *path)
{
    while (path->dentry->mounted) {
        struct path inner = {path->dentry->mounted, path->dentry->mounted->root};
        path_get(inner);
        path_put(*path);
        *path = inner;
    }
}

// "..": up, leaving the file systems whose roots are passed. Above the root of all is that root.
static void walk_up(struct path *at)
{
    struct path up = *at;
    while (up.dentry == up.mount->root && up.mount->parent)
        up = (struct path){up.mount->parent, up.mount->point};
    up.dentry = dentry_parent(up.dentry);
    path_put(*at);
    *at = up;
}

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
        path_put(w->at);
        w->at = root_path();
        path_get(w->at);
    }
    return 0;
}

// One component that is neither "." nor "..". `last`: only to see whether it is a link.
// => returns 1 when there is more to walk than before
static int step(struct walk *w, const char *name, size_t length, bool follow_link, bool last)
{
    struct path child = {w->at.mount, NULL};
    int error = dentry_lookup(w->at.dentry, name, length, &child.dentry);
    if (error)
        return error;
    struct inode *inode = child.dentry->inode;
    if (inode && S_ISLNK(inode->mode) && follow_link) {
        error = follow(w, inode);
        path_put(child);
        return error ? error : 1;
    }
    if (last || !inode) {
        path_put(child);
        return last ? 0 : -ENOENT;
    }
    path_cross_mounts(&child);
    path_put(w->at);
    w->at = child;
    return 0;
}

// With `last`, stops at the directory that holds the last component and stores that.
static int walk(struct walk *w, unsigned flags, struct last_name *last)
{
    bool must_be_directory = flags & LOOKUP_DIRECTORY;
    for (;;) {
        while (*w->rest == '/')
            w->rest++;
        const char *name = w->rest, *after;
        while (*w->rest && *w->rest != '/')
            w->rest++;
        for (after = w->rest; *after == '/'; after++)
            ;
        size_t length = (size_t)(w->rest - name);
        bool final = !*after, slash = *w->rest == '/', is_last = last && final;
        bool dots = length && length <= 2 && name[0] == '.' && name[length - 1] == '.';
        if (length > NAME_MAX)
            return -ENAMETOOLONG;
        if ((length || must_be_directory || last) && !S_ISDIR(w->at.dentry->inode->mode))
            return -ENOTDIR;
        if (is_last) {
            *last = (struct last_name){.length = length, .slash = slash, .special = !length || dots};
            memcpy(last->name, name, length);
        }
        if (!length || (is_last && (dots || !(flags & LOOKUP_FOLLOW))))
            return 0;
        if (final)
            must_be_directory |= slash;
        if (dots && length == 2)
            walk_up(&w->at);
        if (dots)
            continue;
        bool follow_link = !final || (flags & LOOKUP_FOLLOW) || (slash && !last);
        int result = step(w, name, length, follow_link, is_last);
        if (result < 0 || (is_last && result == 0))
            return result;
    }
}

int path_lookup(const struct path *base, const char *name, unsigned flags, struct path *out, struct last_name *last)
{
    struct walk w = {.rest = name};
    if (!*name)
        return -ENOENT;
    if (*name == '/' || base) {
        w.at = *name == '/' ? root_path() : *base;
        path_get(w.at);
    } else {
        w.at = fs_working_directory();
    }
    int error = walk(&w, flags, last);
    kfree(w.buffer);
    if (error)
        path_put(w.at);
    else
        *out = w.at;
    return error;
}
