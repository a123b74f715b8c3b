// SPDX-License-Identifier: MIT
//
// See ext2_unmount.h. Compiles the two files whose variables it must reset.

#include "fs/ext2.h"
#define frame_make_immortal(frame) ((void)(frame)) // the super block's, as long as it is mounted
#include "fs/ext2_super.c"
#include "fs/mount.c"

#include "tests/fuzz/ext2_unmount.h"
#include "tests/host/check.h"

void ext2_unmount(void)
{
    static struct dentry above = {.refs = 1u << 31}; // the root would else be its own parent to the last
    struct super_block *super = mounts;
    (void)vfs_sync();
    dentries_shrink(0, NULL);
    CHECK(root->refs == 1 && super->root->refs == 1 && !super->next);
    dentry_drop(root);
    root->parent = &above;
    dentry_put(root);
    root = NULL;
    mounts = NULL;
    destroy(super->data);
}

static void add(void *sum, const struct slab_cache *cache)
{
    *(size_t *)sum += cache->objects;
}

size_t ext2_objects_left(void)
{
    size_t sum = vm_cached_pages + vm_dirty_pages;
    slab_for_each(add, &sum);
    return sum;
}
