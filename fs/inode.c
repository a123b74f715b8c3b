// SPDX-License-Identifier: MIT
//
// The inode cache: one struct inode per file that anybody uses or lately used, found by (super block, number).
// Called by file systems (get, ready), by dentries and names (hold, put), by sync. Unused inodes wait on an
// LRU list; getting a new one evicts the oldest beyond a bound. One spin lock guards hash, list, refs, state.
//
//        get_cached           ready(0)          last put, or too many unused
//   (none) -----> NEW -------------------> READY ---------------------------> EVICTING -----> (none)
//                  `-- ready(error) --> (none)
//
// NEW and EVICTING belong to one task, which sleeps in I/O; whoever else wants that number waits and looks
// again. So a file is never read in while its last changes are still being written out.

#include "fs/vfs.h"
#include "lib/assert.h"
#include "mm/slab.h"

#define BUCKETS     1024
#define UNUSED_MOST 1024

static struct slab_cache inode_cache = SLAB_CACHE("inode", struct inode);
static struct spinlock inode_lock = SPINLOCK_INIT(RANK_DENTRY);
static struct list_node buckets[BUCKETS];         // H  next NULL: not used yet
static struct list_node unused = LIST_INIT(unused); // H  oldest first
static size_t unused_count;                       // H
static _Atomic unsigned evicting_count;           // written under H
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

static bool in_transition(const struct super_block *super, uint64_t number)
{
    spin_lock(&inode_lock);
    struct inode *inode = find(super, number);
    bool result = inode && inode->state != INODE_READY;
    spin_unlock(&inode_lock);
    return result;
}

static void take_reference(struct inode *inode)
{
    if (inode->refs++ == 0) {
        list_remove(&inode->lru);
        unused_count--;
    }
}

static struct inode *inode_allocate(struct super_block *super, uint64_t number)
{
    inodes_shrink(UNUSED_MOST);
    struct inode *inode = slab_alloc(&inode_cache);
    if (!inode) {
        vfs_shrink();
        inode = slab_alloc(&inode_cache);
    }
    if (!inode)
        return NULL;
    inode->super = super;
    inode->number = number;
    inode->refs = 1;
    inode->state = INODE_NEW;
    rwlock_init(&inode->lock, RANK_INODE);
    list_init(&inode->hash);
    list_init(&inode->lru);
    return inode;
}

struct inode *inode_get_cached(struct super_block *super, uint64_t number, bool *fresh)
{
    struct inode *spare = NULL, *inode;
    for (;;) {
        spin_lock(&inode_lock);
        inode = find(super, number);
        if (inode ? inode->state == INODE_READY : spare != NULL)
            break;
        spin_unlock(&inode_lock);
        if (inode)
            wait_event(&transitions, !in_transition(super, number));
        else if (!(spare = inode_allocate(super, number)))
            return NULL;
    }
    *fresh = !inode;
    if (inode) {
        take_reference(inode);
    } else {
        inode = spare;
        spare = NULL;
        list_push_front(bucket_of(super, number), &inode->hash);
    }
    spin_unlock(&inode_lock);
    if (spare)
        slab_free(&inode_cache, spare);
    return inode;
}

static void forget(struct inode *inode)
{
    if (inode->pages.ops)
        vm_object_destroy(&inode->pages);
    spin_lock(&inode_lock);
    list_remove(&inode->hash);
    if (inode->state == INODE_EVICTING)
        evicting_count--;
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
        inode->lock.rank = RANK_DIRECTORY; // nobody else has seen it yet
    spin_lock(&inode_lock);
    inode->state = INODE_READY;
    spin_unlock(&inode_lock);
    wake_all(&transitions);
}

struct inode *inode_hold(struct inode *inode)
{
    spin_lock(&inode_lock);
    take_reference(inode);
    spin_unlock(&inode_lock);
    return inode;
}

int inode_write_out(struct inode *inode)
{
    int error = inode->pages.ops ? vm_object_sync(&inode->pages) : 0;
    if (inode->dirty && inode->ops->write_inode) {
        inode->dirty = false;
        int inode_error = inode->ops->write_inode(inode);
        inode->dirty |= inode_error != 0;
        error = error ? error : inode_error;
    }
    return error;
}

// => holds inode_lock; refs are 0 and it is on no list
static void begin_evicting(struct inode *inode)
{
    inode->state = INODE_EVICTING;
    evicting_count++;
}

// => state EVICTING: it is ours alone
static void evict(struct inode *inode)
{
    int error = inode->links ? inode_write_out(inode) : 0;
    if (error)
        log_error("%s: inode %lu: error %d while writing it out; changes are lost", inode->super->type,
                  (unsigned long)inode->number, error);
    if (inode->ops->evict)
        inode->ops->evict(inode);
    forget(inode);
}

void inode_put(struct inode *inode)
{
    spin_lock(&inode_lock);
    ASSERT(inode->refs > 0);
    bool last = --inode->refs == 0;
    bool keep = inode->links > 0 && !inode->super->volatile_names;
    if (last && keep) {
        list_push_back(&unused, &inode->lru);
        unused_count++;
    } else if (last) {
        begin_evicting(inode);
    }
    spin_unlock(&inode_lock);
    if (last && !keep)
        evict(inode);
}

size_t inodes_shrink(size_t keep)
{
    for (size_t count = 0;; count++) {
        spin_lock(&inode_lock);
        struct list_node *node = unused_count > keep ? list_pop_front(&unused) : NULL;
        if (node) {
            unused_count--;
            begin_evicting(container_of(node, struct inode, lru));
        }
        spin_unlock(&inode_lock);
        if (!node)
            return count;
        evict(container_of(node, struct inode, lru));
    }
}

// The next inode to write at or after `node` in its bucket, referenced, so that it keeps its place there.
// => holds inode_lock
static struct inode *next_to_sync(struct list_node *node, struct list_node *bucket, struct super_block *super)
{
    for (; node != bucket; node = node->next) {
        struct inode *inode = container_of(node, struct inode, hash);
        if (inode->state == INODE_READY && (!super || inode->super == super)) {
            take_reference(inode);
            return inode;
        }
    }
    return NULL;
}

int inodes_sync(struct super_block *super)
{
    int first_error = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        spin_lock(&inode_lock);
        struct list_node *bucket = &buckets[i];
        struct inode *inode = bucket->next ? next_to_sync(bucket->next, bucket, super) : NULL;
        while (inode) {
            spin_unlock(&inode_lock);
            rwlock_write(&inode->lock);
            int error = inode_write_out(inode);
            rwlock_write_unlock(&inode->lock);
            first_error = first_error ? first_error : error;
            spin_lock(&inode_lock);
            struct inode *next = next_to_sync(inode->hash.next, bucket, super);
            spin_unlock(&inode_lock);
            inode_put(inode);
            inode = next;
            spin_lock(&inode_lock);
        }
        spin_unlock(&inode_lock);
    }
    wait_event(&transitions, evicting_count == 0); // what is on its way out counts as well
    return first_error;
}
