// SPDX-License-Identifier: MIT
//
// The directory operations of the VFS: names given, moved and taken away. Each first does all that can fail,
// then what cannot. The VFS holds, for write, the directories and the inodes that have names already; what
// happens between taking and leaving fs->lock is one step for everybody else.

#include "fs/ext2.h"

static int lookup(struct inode *directory, struct name name, struct inode **out)
{
    struct ext2 *fs = ext2_of(directory);
    struct ext2_slot slot;
    uint64_t number = 0;
    mutex_lock(&fs->lock);
    int error = ext2_dir_find(directory, name, &slot);
    if (!error) {
        number = slot.entry->inode;
        buffer_put(&slot.buffer);
    }
    mutex_unlock(&fs->lock);
    return error ? error : ext2_inode_get(directory->super, number, out);
}

// The entry that the VFS believes to be `inode`: the disk must agree.
static int find_entry(struct inode *directory, struct name name, const struct inode *inode,
                      struct ext2_slot *slot)
{
    int error = ext2_dir_find(directory, name, slot);
    if (error || slot->entry->inode == inode->number)
        return error;
    buffer_put(&slot->buffer);
    return ext2_corrupt(ext2_of(directory), "an entry has changed by itself in directory", directory->number);
}

static void change_links(struct inode *inode, int difference)
{
    if (difference > 0 || inode->links > 0) // the count of a damaged disk may be too low
        inode->links += (uint32_t)difference;
    inode->ctime = vfs_now();
    inode->dirty = true;
}

// The inode has lost a name in `parent`; a directory with it its ".", and `parent` the "..".
static void name_lost(struct inode *parent, struct inode *inode)
{
    if (S_ISDIR(inode->mode)) {
        inode->links = 1;
        change_links(parent, -1);
    }
    change_links(inode, -1);
}

// => holds fs->lock
static int set_target(struct inode *link, const char *target)
{
    struct ext2_node *node = ext2_node(link);
    BUFFER_HERE buffer = {0};
    link->size = strlen(target);
    link->dirty = true; // sync may have seen it already, without a target
    if (link->size < sizeof(node->block)) {
        memcpy(node->block, target, link->size);
        return 0;
    }
    int error = ext2_block_get(link, 0, true, &buffer);
    if (error)
        return error;
    memcpy(buffer.data, target, link->size);
    ext2_dirty(ext2_of(link), &buffer);
    return 0;
}

static int create(struct inode *directory, struct name name, const struct new_file *what, struct inode **out)
{
    struct ext2 *fs = ext2_of(directory);
    struct inode *inode;
    if (S_ISDIR(what->mode) && directory->links >= EXT2_LINKS_MOST)
        return -EMLINK;
    if (what->target && strlen(what->target) >= fs->cache.block_bytes)
        return -ENAMETOOLONG;
    int error = ext2_inode_new(directory, what->mode, what->device, &inode);
    if (error)
        return error;
    mutex_lock(&fs->lock);
    if (S_ISDIR(what->mode))
        error = ext2_dir_make(inode, directory);
    else if (what->target)
        error = set_target(inode, what->target);
    if (!error)
        error = ext2_dir_add(directory, name, inode);
    mutex_unlock(&fs->lock);
    if (error) {
        inode->links = 0;
        inode_put(inode); // frees it
        return error;
    }
    if (S_ISDIR(what->mode)) {
        change_links(inode, 1);     // its "."
        change_links(directory, 1); // its ".."
    }
    *out = inode;
    return 0;
}

static int link(struct inode *directory, struct name name, struct inode *inode)
{
    struct ext2 *fs = ext2_of(directory);
    if (inode->links >= EXT2_LINKS_MOST)
        return -EMLINK;
    mutex_lock(&fs->lock);
    int error = ext2_dir_add(directory, name, inode);
    mutex_unlock(&fs->lock);
    if (!error)
        change_links(inode, 1);
    return error;
}

// Both unlink and rmdir.
static int take_name(struct inode *directory, struct name name, struct inode *inode)
{
    struct ext2 *fs = ext2_of(directory);
    struct ext2_slot slot;
    mutex_lock(&fs->lock);
    int error = S_ISDIR(inode->mode) ? ext2_dir_check_empty(inode) : 0;
    if (!error)
        error = find_entry(directory, name, inode, &slot);
    if (!error)
        ext2_dir_remove(directory, &slot);
    mutex_unlock(&fs->lock);
    if (!error)
        name_lost(directory, inode);
    return error;
}

// The new name means `inode`, instead of `replaced` if there was one. => holds fs->lock
static int give_name(struct inode *directory, struct name name, struct inode *inode, struct inode *replaced)
{
    struct ext2_slot slot;
    if (!replaced)
        return ext2_dir_add(directory, name, inode);
    int error = S_ISDIR(replaced->mode) ? ext2_dir_check_empty(replaced) : 0;
    if (!error)
        error = find_entry(directory, name, replaced, &slot);
    if (error)
        return error;
    ext2_dir_set(directory, &slot, inode);
    name_lost(directory, replaced);
    return 0;
}

static int rename(struct inode *old_directory, struct name old_name, struct inode *inode,
                  struct inode *new_directory, struct name new_name, struct inode *replaced)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_slot old = {0}, parent = {0};
    bool new_parent = S_ISDIR(inode->mode) && old_directory != new_directory;
    if (new_parent && !replaced && new_directory->links >= EXT2_LINKS_MOST)
        return -EMLINK;
    mutex_lock(&fs->lock);
    int error = find_entry(old_directory, old_name, inode, &old);
    if (!error && new_parent)
        error = find_entry(inode, (struct name){"..", 2}, old_directory, &parent);
    if (!error)
        error = give_name(new_directory, new_name, inode, replaced);
    if (!error) {
        ext2_dir_remove(old_directory, &old); // it is where it was, whatever was added near it
        if (new_parent)
            ext2_dir_set(inode, &parent, new_directory);
    }
    buffer_put(&old.buffer);
    buffer_put(&parent.buffer);
    mutex_unlock(&fs->lock);
    if (!error && new_parent) {
        change_links(old_directory, -1);
        change_links(new_directory, 1);
    }
    if (!error)
        change_links(inode, 0);
    return error;
}

const struct inode_ops ext2_directory_ops = {
    .lookup = lookup, .create = create, .link = link, .unlink = take_name, .rename = rename,
    .readdir = ext2_readdir, .write_inode = ext2_write_inode, .evict = ext2_evict,
};
