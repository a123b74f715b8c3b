// SPDX-License-Identifier: MIT
//
// The dentry cache: the answers to "what is NAME in this directory?", positive and negative, found by
// (parent, name). A dentry holds its inode and its parent. Called by namei.c and whatever changes names.
//
// A dentry's inode never changes, but that one without gets one when its name is made, which then cannot fail
// any more. Unlink and rename drop the dentry that is no longer true, under the directory's inode lock, which a
// miss takes as well; so the cache cannot be filled with what was true before. Only rename moves a dentry, for
// those who stand in it. A directory has only one that can be found, whatever names a damaged disk has for it: so
// they are a tree, down which locks are taken. One spin lock guards all.

#include "fs/vfs.h"
#include "lib/assert.h"

#define BUCKETS     2048
#define UNUSED_MOST 2048

static struct slab_cache dentry_cache = SLAB_CACHE("dentry", struct dentry);
static struct spinlock dentry_lock = SPINLOCK_INIT(RANK_DENTRY); // D
static struct list_node buckets[BUCKETS];           // D  next NULL: not used yet
static struct list_node unused = LIST_INIT(unused); // D  oldest first
static size_t unused_count;                         // D

// => holds dentry_lock
static struct list_node *bucket_of(const struct dentry *parent, struct name name)
{
    uint64_t hash = (uintptr_t)parent >> 4;
    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ (uint8_t)name.text[i]) * 0x100000001b3; // FNV-1a
    struct list_node *bucket = &buckets[(hash ^ hash >> 32) % BUCKETS];
    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

static struct dentry *find(const struct dentry *parent, struct name name)
{
    list_for_each(node, bucket_of(parent, name)) {
        struct dentry *dentry = container_of(node, struct dentry, hash);
        if (dentry->parent == parent && dentry->length == name.length &&
            !memcmp(dentry->name, name.text, name.length)) {
            if (dentry->refs++ == 0) {
                list_remove(&dentry->lru);
                unused_count--;
            }
            return dentry;
        }
    }
    return NULL;
}

static struct dentry *find_cached(const struct dentry *parent, struct name name)
{
    spin_lock(&dentry_lock);
    struct dentry *dentry = find(parent, name);
    spin_unlock(&dentry_lock);
    return dentry;
}

int dentry_lookup_locked(struct dentry *parent, struct name name, struct dentry **out)
{
    struct inode *directory = parent->inode, *inode = NULL;
    *out = find_cached(parent, name);
    if (*out)
        return 0;
    int error = directory->links ? directory->ops->lookup(directory, name, &inode) : -ENOENT;
    if (error && error != -ENOENT)
        return error;
    return dentry_make(parent, name, inode, out);
}

int dentry_lookup(struct dentry *parent, struct name name, struct dentry **out)
{
    *out = find_cached(parent, name);
    if (*out)
        return 0;
    rwlock_read(&parent->inode->lock);
    int error = dentry_lookup_locked(parent, name, out);
    rwlock_read_unlock(&parent->inode->lock);
    return error;
}

// => returns false: a directory that has one already; holds dentry_lock
static bool claim(struct inode *inode)
{
    bool twin = S_ISDIR(inode->mode) && inode->named;
    inode->named = true;
    return !twin;
}

int dentry_make(struct dentry *parent, struct name name, struct inode *inode, struct dentry **out)
{
    struct dentry *dentry = slab_alloc(&dentry_cache);
    char *copy = kmalloc(name.length + 1);
    if (!dentry || !copy) {
        kfree(copy);
        if (dentry)
            slab_free(&dentry_cache, dentry);
        if (inode)
            inode_put(inode);
        return -ENOMEM;
    }
    memcpy(copy, name.text, name.length);
    *dentry = (struct dentry){.inode = inode, .refs = 1, .length = (uint8_t)name.length, .name = copy};
    parent = dentry->parent = parent ? dentry_get(parent) : dentry;
    list_init(&dentry->hash);
    list_init(&dentry->lru);
    *out = dentry;
    if (parent->inode->super->volatile_names || parent->inode->links == 0)
        return 0; // not to be found again
    spin_lock(&dentry_lock);
    struct dentry *other = find(parent, name); // two readers of the directory missed it at once
    bool twin = !other && inode && !claim(inode);
    if (!other && !twin)
        list_push_front(bucket_of(parent, name), &dentry->hash);
    spin_unlock(&dentry_lock);
    if (!other && !twin)
        return 0;
    dentry_put(dentry);
    *out = other;
    return twin ? -EIO : 0;
}

void dentry_becomes(struct dentry *dentry, struct inode *inode)
{
    spin_lock(&dentry_lock);
    if (!claim(inode))
        list_remove(&dentry->hash);
    __atomic_store_n(&dentry->inode, inode, __ATOMIC_RELEASE); // walks look without the lock
    spin_unlock(&dentry_lock);
}

void dentry_drop(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    list_remove(&dentry->hash);
    spin_unlock(&dentry_lock);
}

void dentry_move(struct dentry *dentry, struct dentry *parent, struct name name)
{
    dentry_get(parent);
    spin_lock(&dentry_lock);
    struct dentry *old_parent = dentry->parent;
    char *old_name = dentry->name;
    list_remove(&dentry->hash);
    dentry->parent = parent;
    dentry->name = (char *)name.text;
    dentry->length = (uint8_t)name.length;
    list_push_front(bucket_of(parent, name), &dentry->hash);
    spin_unlock(&dentry_lock);
    kfree(old_name);
    dentry_put(old_parent);
}

struct dentry *dentry_get(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    ASSERT(dentry->refs > 0);
    dentry->refs++;
    spin_unlock(&dentry_lock);
    return dentry;
}

// => returns the dentry when it must be released now, and is on no list any more; holds dentry_lock
static struct dentry *drop_reference(struct dentry *dentry)
{
    ASSERT(dentry->refs > 0);
    if (--dentry->refs > 0)
        return NULL;
    if (list_empty(&dentry->hash) || relaxed_read(dentry->parent->inode->links) == 0) {
        list_remove(&dentry->hash); // it would keep a removed directory
        return dentry;
    }
    list_push_back(&unused, &dentry->lru);
    unused_count++;
    return NULL;
}

// And its parent's reference, and so on upwards. NULL is fine.
static void release(struct dentry *dentry)
{
    while (dentry) {
        struct dentry *parent = dentry->parent;
        if (dentry->inode)
            inode_put(dentry->inode);
        kfree(dentry->name);
        slab_free(&dentry_cache, dentry);
        spin_lock(&dentry_lock);
        dentry = drop_reference(parent);
        spin_unlock(&dentry_lock);
    }
}

void dentry_put(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    dentry = drop_reference(dentry);
    bool too_many = unused_count > UNUSED_MOST;
    spin_unlock(&dentry_lock);
    release(dentry);
    if (too_many)
        dentries_shrink(UNUSED_MOST, NULL);
}

// => holds dentry_lock
static struct dentry *oldest_unused(const struct dentry *parent)
{
    list_for_each(node, &unused)
        if (!parent || container_of(node, struct dentry, lru)->parent == parent)
            return container_of(node, struct dentry, lru);
    return NULL;
}

size_t dentries_shrink(size_t keep, const struct dentry *parent)
{
    for (size_t count = 0;; count++) {
        spin_lock(&dentry_lock);
        struct dentry *dentry = unused_count > keep ? oldest_unused(parent) : NULL;
        if (dentry) {
            list_remove(&dentry->lru);
            list_remove(&dentry->hash);
            unused_count--;
            if (dentry->inode)
                dentry->inode->named = false;
        }
        spin_unlock(&dentry_lock);
        if (!dentry)
            return count;
        release(dentry);
    }
}

// What a file system is mounted on, as often as the dentry is the top of one. The root of all stays.
static const struct dentry *leave_mounts(const struct dentry *dentry)
{
    while (dentry->inode && dentry == dentry->inode->super->top && dentry->inode->super->mounted_on)
        dentry = dentry->inode->super->mounted_on;
    return dentry;
}

struct dentry *dentry_parent(struct dentry *dentry)
{
    spin_lock(&dentry_lock);
    struct dentry *parent = leave_mounts(dentry)->parent;
    parent->refs++;
    spin_unlock(&dentry_lock);
    return parent;
}

struct dentry *dentry_cross_mounts(struct dentry *dentry)
{
    while (dentry->mounted) {
        struct dentry *top = dentry_get(dentry->mounted);
        dentry_put(dentry);
        dentry = top;
    }
    return dentry;
}

bool dentry_within(struct dentry *dentry, const struct dentry *ancestor)
{
    spin_lock(&dentry_lock);
    while (dentry != ancestor && dentry != dentry->parent)
        dentry = dentry->parent;
    spin_unlock(&dentry_lock);
    return dentry == ancestor;
}

int dentry_path(const struct dentry *dentry, char *buffer, size_t bytes)
{
    char *end = buffer + bytes, *start = end;
    if (bytes < 2 || dentry->inode->links == 0)
        return bytes < 2 ? -ERANGE : -ENOENT;
    *--start = '\0';
    spin_lock(&dentry_lock);
    dentry = leave_mounts(dentry);
    while (dentry != dentry->parent && start - buffer > dentry->length) {
        start -= dentry->length;
        memcpy(start, dentry->name, dentry->length);
        *--start = '/';
        dentry = leave_mounts(dentry->parent);
    }
    spin_unlock(&dentry_lock);
    if (dentry != dentry->parent)
        return -ERANGE;
    if (!*start)
        *--start = '/';
    size_t length = (size_t)(end - start);
    memmove(buffer, start, length);
    return (int)length;
}
