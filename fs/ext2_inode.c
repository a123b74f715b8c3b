// SPDX-License-Identifier: MIT
//
// Inodes between disk and memory: read when the inode cache lacks one, written when dirty, made for a new
// file, freed when the last link and the last user are gone. The VFS holds inode.lock where it matters.

#include "fs/ext2.h"

static bool is_device(const struct inode *inode)
{
    return S_ISCHR(inode->mode) || S_ISBLK(inode->mode);
}

// A symbolic link whose text lies in the inode itself: such a one has no blocks (but maybe attributes).
static bool is_short_link(const struct inode *inode)
{
    const struct ext2_node *node = ext2_node(inode);
    return S_ISLNK(inode->mode) &&
           inode->blocks <= (node->attributes_block ? ext2_of(inode)->cache.block_bytes / SECTOR_BYTES : 0);
}

static bool has_map(const struct inode *inode)
{
    return S_ISREG(inode->mode) || S_ISDIR(inode->mode) || (S_ISLNK(inode->mode) && !is_short_link(inode));
}

static int readlink(struct inode *inode, char *target, size_t bytes)
{
    const struct ext2_node *node = ext2_node(inode);
    struct ext2 *fs = ext2_of(inode);
    size_t length = inode->size < bytes ? inode->size : bytes;
    BUFFER_HERE buffer = {0};
    if (!S_ISLNK(inode->mode))
        return -EINVAL;
    if (is_short_link(inode)) {
        memcpy(target, node->block, length);
        return (int)length;
    }
    mutex_lock(&fs->lock);
    int error = ext2_block_get(inode, 0, false, &buffer);
    if (!error)
        memcpy(target, buffer.data, length);
    mutex_unlock(&fs->lock);
    return error ? error : (int)length;
}

static const struct inode_ops file_ops = {.truncate = ext2_truncate, .write_inode = ext2_write_inode,
                                          .evict = ext2_evict};
static const struct inode_ops other_ops = {.readlink = readlink, .write_inode = ext2_write_inode,
                                           .evict = ext2_evict};

// Where inode `number` (1 .. disk->inodes) lies; `buffer` holds its block. => holds fs->lock
static int locate(struct ext2 *fs, uint64_t number, struct buffer *buffer, struct ext2_disk_inode **disk)
{
    uint32_t per_group = fs->disk->inodes_per_group, bytes = fs->disk->inode_bytes;
    uint64_t offset = (number - 1) % per_group * bytes, block_bytes = fs->cache.block_bytes;
    struct ext2_disk_group *group;
    BUFFER_HERE descriptor = {0};
    int error = ext2_group(fs, (uint32_t)((number - 1) / per_group), &descriptor, &group);
    if (!error)
        error = block_cache_get(&fs->cache, group->inode_table + offset / block_bytes, buffer);
    if (!error)
        *disk = (struct ext2_disk_inode *)((char *)buffer->data + offset % block_bytes);
    return error;
}

// Operations and page cache, by the mode.
static void set_up(struct inode *inode)
{
    inode->ops = S_ISDIR(inode->mode) ? &ext2_directory_ops : S_ISREG(inode->mode) ? &file_ops : &other_ops;
    if (S_ISREG(inode->mode))
        vm_object_init(&inode->pages, &ext2_pages_ops, inode, page_round_up(inode->size) >> PAGE_SHIFT,
                       RANK_OBJECT);
}

static bool sound(const struct ext2 *fs, const struct inode *inode)
{
    const struct ext2_node *node = ext2_node(inode);
    uint64_t block_bytes = fs->cache.block_bytes;
    if (inode->links == 0 || (node->flags & (EXT2_FLAG_EXTENTS | EXT2_FLAG_INLINE)) ||
        (inode->number == EXT2_ROOT && !S_ISDIR(inode->mode)))
        return false;
    switch (inode->mode & S_IFMT) {
    case S_IFREG:
        return inode->size <= fs->size_most;
    case S_IFDIR: // no directory is larger than the disk: a search comes to an end
        return inode->size % block_bytes == 0 && inode->size / block_bytes <= fs->disk->blocks;
    case S_IFLNK:
        return inode->size < (is_short_link(inode) ? sizeof(node->block) : block_bytes);
    default:
        return is_device(inode) || S_ISFIFO(inode->mode) || (inode->mode & S_IFMT) == S_IFSOCK;
    }
}

static void take_over(struct inode *inode, const struct ext2_disk_inode *disk)
{
    struct ext2_node *node = ext2_node(inode);
    inode->mode = disk->mode;
    inode->links = disk->links;
    inode->uid = disk->uid | (uint32_t)disk->uid_high << 16;
    inode->gid = disk->gid | (uint32_t)disk->gid_high << 16;
    inode->size = disk->size | (S_ISREG(disk->mode) ? (uint64_t)disk->size_high << 32 : 0);
    inode->blocks = disk->blocks;
    inode->atime = disk->atime;
    inode->mtime = disk->mtime;
    inode->ctime = disk->ctime;
    node->flags = disk->flags;
    node->attributes_block = disk->attributes_block;
    memcpy(node->block, disk->block, sizeof(node->block));
    // A device number is in block[0] as 8 + 8 bits or, by a newer format, in block[1] as 12 + 8 (+ 12).
    if (is_device(inode))
        inode->device = disk->block[0] ? disk->block[0] & 0xffff : disk->block[1] & 0xfffff;
}

static int read_inode(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_disk_inode *disk;
    BUFFER_HERE buffer = {0};
    mutex_lock(&fs->lock);
    int error = locate(fs, inode->number, &buffer, &disk);
    if (!error)
        take_over(inode, disk);
    mutex_unlock(&fs->lock);
    if (!error && !sound(fs, inode))
        error = ext2_corrupt(fs, "bad inode", inode->number);
    if (!error)
        set_up(inode);
    return error;
}

// made: nobody can have it yet.
static int get(struct ext2 *fs, uint64_t number, bool made, struct inode **out)
{
    bool fresh;
    struct inode *inode = inode_get_cached(&fs->super, number, &fresh);
    if (!inode)
        return -ENOMEM;
    if (fresh) {
        int error = read_inode(inode);
        inode_ready(inode, error);
        if (error)
            return error;
    } else if (made || inode->links == 0) {
        inode_put(inode);
        return ext2_corrupt(fs, made ? "in use, but free on disk:" : "a name for a deleted inode:", number);
    }
    *out = inode;
    return 0;
}

int ext2_inode_get(struct super_block *super, uint64_t number, struct inode **out)
{
    struct ext2 *fs = super->data;
    if (number > fs->disk->inodes || (number < fs->disk->first_inode && number != EXT2_ROOT))
        return ext2_corrupt(fs, "a name for an inode that cannot have one:", number);
    return get(fs, number, false, out);
}

// On disk the new inode; without memory its number is given back (the bitmap is in the cache). => holds fs->lock
static int claim(struct ext2 *fs, uint32_t number, uint32_t mode, uint64_t device)
{
    struct ext2_disk_inode *disk;
    BUFFER_HERE buffer = {0};
    int error = locate(fs, number, &buffer, &disk);
    if (!error && disk->links != 0)
        error = ext2_corrupt(fs, "the bitmap calls an inode in use free:", number);
    if (error == -ENOMEM && ext2_inode_free(fs, number, S_ISDIR(mode)) != 0)
        log_error("ext2: inode %u is lost", number);
    if (error)
        return error;
    memset(disk, 0, fs->disk->inode_bytes);
    disk->mode = (uint16_t)mode;
    disk->links = 1;
    disk->atime = disk->mtime = disk->ctime = (uint32_t)vfs_now();
    disk->block[device > 0xffff] = S_ISCHR(mode) || S_ISBLK(mode) ? (uint32_t)device : 0;
    ext2_dirty(fs, &buffer);
    return 0;
}

// => holds fs->lock
static int free_number(struct ext2 *fs, uint32_t number, bool directory)
{
    struct ext2_disk_inode *disk;
    BUFFER_HERE buffer = {0};
    int error = locate(fs, number, &buffer, &disk);
    if (error)
        return error;
    memset(disk, 0, fs->disk->inode_bytes);
    ext2_dirty(fs, &buffer);
    return ext2_inode_free(fs, number, directory);
}

int ext2_inode_new(struct inode *directory, uint32_t mode, uint64_t device, struct inode **out)
{
    struct ext2 *fs = ext2_of(directory);
    uint32_t number;
    mutex_lock(&fs->lock);
    int error = ext2_inode_alloc(fs, directory->number, S_ISDIR(mode), &number);
    if (!error)
        error = claim(fs, number, mode, device);
    mutex_unlock(&fs->lock);
    if (error)
        return error;
    error = get(fs, number, true, out);
    if (error == -ENOMEM) {
        mutex_lock(&fs->lock);
        if (free_number(fs, number, S_ISDIR(mode)) != 0)
            log_error("ext2: inode %u is lost", number);
        mutex_unlock(&fs->lock);
    }
    return error;
}

static void fill_in(struct ext2_disk_inode *disk, const struct inode *inode)
{
    const struct ext2_node *node = ext2_node(inode);
    disk->mode = (uint16_t)inode->mode;
    disk->links = (uint16_t)inode->links;
    disk->uid = (uint16_t)inode->uid;
    disk->gid = (uint16_t)inode->gid;
    disk->uid_high = (uint16_t)(inode->uid >> 16);
    disk->gid_high = (uint16_t)(inode->gid >> 16);
    disk->size = (uint32_t)inode->size;
    if (S_ISREG(inode->mode))
        disk->size_high = (uint32_t)(inode->size >> 32);
    disk->blocks = (uint32_t)inode->blocks;
    disk->atime = (uint32_t)inode->atime;
    disk->mtime = (uint32_t)inode->mtime;
    disk->ctime = (uint32_t)inode->ctime;
    disk->flags = node->flags;
    memcpy(disk->block, node->block, sizeof(node->block));
}

int ext2_write_inode(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);
    struct ext2_disk_inode *disk;
    BUFFER_HERE buffer = {0};
    mutex_lock(&fs->lock);
    int error = ext2_cut_reserved(inode);
    if (!error)
        error = locate(fs, inode->number, &buffer, &disk);
    if (!error) {
        fill_in(disk, inode);
        ext2_dirty(fs, &buffer);
        if (inode->size > INT32_MAX)
            fs->disk->read_only_compatible |= EXT2_READ_ONLY_LARGE_FILE;
    }
    mutex_unlock(&fs->lock);
    return error;
}

int ext2_evict(struct inode *inode)
{
    struct ext2 *fs = ext2_of(inode);
    if (ext2_node(inode)->attributes_block) // may be shared: only e2fsck knows
        log_warn("ext2: attribute block %u stays allocated", ext2_node(inode)->attributes_block);
    mutex_lock(&fs->lock);
    int error = has_map(inode) ? ext2_map_cut(inode, 0) : 0;
    if (!error)
        error = free_number(fs, (uint32_t)inode->number, S_ISDIR(inode->mode));
    mutex_unlock(&fs->lock);
    return error;
}
