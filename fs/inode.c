// SPDX-License-Identifier: MIT
//
// The inodes in memory: one struct inode per file that anybody uses, found by (super block, number). Called
// by file systems (get, ready), by dentries and names (hold, put), by sync. What was used lately is held by
// its dentry, which the dentry cache keeps; so nothing is kept here. One spin lock guards all.
//
//        get_cached           ready(0)          last put
//   (none) -----> NEW -------------------> READY --------> EVICTING -----> (none)
//                  `-- ready(error) --> (none)
//
// NEW and EVICTING belong to one task, which sleeps in I/O; whoever else wants that number waits and looks
// again. So a file is never read in while its last changes are still being written out.

#include "fs/vfs.h"
#include "lib/assert.h"

#define BUCKETS 1024

static struct slab_cache inode_cache = SLAB_CACHE("inode", struct inode);
static struct spinlock inode_lock = SPINLOCK_INIT(RANK_DENTRY);
static struct list_node buckets[BUCKETS];            // H  next NULL: not used yet
static struct list_node inodes = LIST_INIT(inodes); // H  all of them, the newest first
static struct wait_queue transitions = WAIT_QUEUE_INIT(transitions); // some inode left NEW or EVICTING

// => holds inode_lock
static struct list_node *bucket_of(const struct super_block *super, uint64_t number)
{
    struct list_node *bucket = &buckets[(number * 31 + super->device_number) % BUCKETS];
    if (!bucket->next)
        list_init(bucket);
    return bucket;
}

static struct inode *find(const struct super_block *super, uint64_t number)
{
    list_for_each(node, bucket_of(super, number)) {
        struct inode *inode = container_of(node, struct inode, hash);
        if (inode->number == number && inode->super == super)
            return inode;
    }
    return NULL;
}

static struct inode *inode_allocate(struct super_block *super, uint64_t number)
{
    struct inode *inode = slab_alloc(&inode_cache);
    if (!inode && !alloc_failed() && dentries_shrink(0, NULL))
        inode = slab_alloc(&inode_cache);
    if (!inode)
        return NULL;
    *inode = (struct inode){.super = super, .number = number, .refs = 1, .state = INODE_NEW};
    inode->atime = inode->mtime = inode->ctime = vfs_now();
    rwlock_init(&inode->lock, RANK_INODE);
    return inode;
}

// => returns false while the inode is in transition, else true with a reference to it, or to `made`
static bool get_or_insert(struct inode *made, struct inode **out)
{
    spin_lock(&inode_lock);
    struct inode *inode = find(made->super, made->number);
    bool settled = !inode || inode->state == INODE_READY;
    if (!inode) {
        list_push_front(bucket_of(made->super, made->number), &made->hash);
        list_push_front(&inodes, &made->all);
    } else if (settled) {
        inode->refs++;
    }
    spin_unlock(&inode_lock);
    *out = inode ? inode : made;
    return settled;
}

// Misses are the rule, since dentries answer for what is in use: so the new inode is made first.
struct inode *inode_get_cached(struct super_block *super, uint64_t number, bool *fresh)
{
    struct inode *made = inode_allocate(super, number), *inode;
    if (!made)
        return NULL;
    wait_event(&transitions, get_or_insert(made, &inode));
    *fresh = inode == made;
    if (!*fresh)
        slab_free(&inode_cache, made);
    return inode;
}

static void forget(struct inode *inode)
{
    if (inode->pages.ops)
        vm_object_destroy(&inode->pages);
    spin_lock(&inode_lock);
    list_remove(&inode->hash);
    list_remove(&inode->all);
    spin_unlock(&inode_lock);
    slab_free(&inode_cache, inode);
    wake_all(&transitions);
}

void inode_ready(struct inode *inode, int error)
{
    if (error) {
        forget(inode);
        return;
    }
    if (!inode->fops && S_ISREG(inode->mode))
        inode->fops = &generic_file_ops;
    if (!inode->fops && S_ISDIR(inode->mode))
        inode->fops = &generic_directory_ops;
    if (S_ISDIR(inode->mode))
        inode->lock.rank = RANK_DIRECTORY; // nobody else sees it
    spin_lock(&inode_lock);
    inode->state = INODE_READY;
    spin_unlock(&inode_lock);
    wake_all(&transitions);
}

struct inode *inode_hold(struct inode *inode)
{
    spin_lock(&inode_lock);
    ASSERT(inode->refs > 0);
    inode->refs++;
    spin_unlock(&inode_lock);
    return inode;
}

int inode_write_out(struct inode *inode)
{
    int error = inode->pages.ops ? vm_object_sync(&inode->pages) : 0;
    if (inode->dirty && inode->ops->write_inode) {
        inode->dirty = false;
        int inode_error = inode->ops->write_inode(inode);
        if (inode_error)
            inode->dirty = true;
        error = error ? error : inode_error;
    }
    return error;
}

void inode_put(struct inode *inode)
{
    spin_lock(&inode_lock);
    ASSERT(inode->refs > 0);
    bool last = --inode->refs == 0;
    if (last)
        inode->state = INODE_EVICTING; // from here on it is ours alone
    spin_unlock(&inode_lock);
    if (!last)
        return;
    int error = inode->links ? inode_write_out(inode) : inode->ops->evict ? inode->ops->evict(inode) : 0;
    if (error == -ENOMEM) {
        inode_ready(inode, 0); // the next sync gets it, puts it, and so tries again
        return;
    }
    if (error)
        log_error("%s: inode %lu: error %d on its way out; changes are lost", inode->super->type, inode->number,
                  error);
    forget(inode);
}

bool inodes_settled(const struct super_block *super)
{
    bool settled = true;
    spin_lock(&inode_lock);
    list_for_each(node, &inodes) {
        const struct inode *inode = container_of(node, struct inode, all);
        if (inode->super == super && inode->state != INODE_NEW)
            settled &= !relaxed_read(inode->dirty) && relaxed_read(inode->links) > 0;
    }
    spin_unlock(&inode_lock);
    return settled;
}

// The first inode behind `before` (NULL: of all) that is to be written, with a reference; *next NULL: there is
// none. => returns false: before that comes one that is on its way out, which counts as well
static bool next_to_sync(struct inode *before, struct inode **next)
{
    spin_lock(&inode_lock);
    struct list_node *node = before ? before->all.next : inodes.next;
    while (node != &inodes && container_of(node, struct inode, all)->state == INODE_NEW) // has no changes
        node = node->next;
    *next = node != &inodes ? container_of(node, struct inode, all) : NULL;
    bool settled = !*next || (*next)->state == INODE_READY;
    if (*next && settled)
        (*next)->refs++;
    spin_unlock(&inode_lock);
    return settled;
}

// Newer ones come before those we are at: so there is an end.
int inodes_sync(void)
{
    int first_error = 0;
    for (struct inode *inode = NULL, *next;; inode = next) {
        wait_event(&transitions, next_to_sync(inode, &next));
        if (inode)
            inode_put(inode); // it has kept its place
        if (!next)
            return first_error;
        rwlock_write(&next->lock);
        int error = inode_write_out(next);
        rwlock_write_unlock(&next->lock);
        first_error = first_error ? first_error : error;
    }
}
