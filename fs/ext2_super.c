// SPDX-License-Identifier: MIT
//
// Mounting, and the super block: the one structure that is read once, checked, and then believed. It has its
// own copy in memory and its own writes, past the block cache, because its state must reach the device
// before the first change does ("not cleanly unmounted") and after the last one ("clean").

#include "fs/ext2.h"

#define SUPER_OFFSET    1024 // bytes from the start of the device
#define COMPLAINTS_MOST 16   // lines in the log about one damaged disk

int ext2_corrupt(struct ext2 *fs, const char *what, uint64_t number)
{
    if (atomic_fetch_add(&fs->complaints, 1) < COMPLAINTS_MOST)
        log_error("ext2 on %s: %s %lu", fs->cache.device->name, what, number);
    return -EIO;
}

static int transfer_super(struct ext2 *fs, enum block_operation operation)
{
    uint64_t sectors[SECTORS_PER_PAGE];
    for (unsigned i = 0; i < SECTORS_PER_PAGE; i++)
        sectors[i] = i * SECTOR_BYTES / SUPER_OFFSET == 1 ? i : SECTOR_NONE;
    return block_transfer_page(fs->cache.device, operation, frame_address(fs->frame), sectors);
}

// Tells the device. => holds fs->lock
static int write_state(struct ext2 *fs, bool valid)
{
    fs->marked_valid = valid;
    fs->disk->state = (uint16_t)((fs->disk->state & ~EXT2_STATE_VALID) | (valid ? EXT2_STATE_VALID : 0));
    return transfer_super(fs, BLOCK_WRITE);
}

void ext2_dirty(struct ext2 *fs, struct buffer *buffer)
{
    if (fs->marked_valid && write_state(fs, false) != 0)
        log_error("ext2 on %s: cannot mark it as in use", fs->cache.device->name);
    buffer_dirty(&fs->cache, buffer);
}

// => after the inodes are written. The state is "clean" afterwards, until the next change.
static int sync(struct super_block *super)
{
    struct ext2 *fs = super->data;
    if (super->read_only)
        return 0;
    mutex_lock(&fs->lock);
    int error = vm_object_sync(&fs->cache.object);
    if (!error)
        error = block_flush(fs->cache.device);
    if (!error)
        error = write_state(fs, fs->was_valid && inodes_settled(super));
    if (!error)
        error = block_flush(fs->cache.device);
    mutex_unlock(&fs->lock);
    return error;
}

static void statfs(struct super_block *super, struct statfs *statfs)
{
    const struct ext2_disk_super *disk = ((struct ext2 *)super->data)->disk;
    statfs->f_blocks = disk->blocks - disk->first_data_block;
    statfs->f_bfree = statfs->f_bavail = disk->free_blocks;
    statfs->f_files = disk->inodes;
    statfs->f_ffree = disk->free_inodes;
}

// Everything that is later used as a divisor, a shift or a bound. => returns NULL, or what is wrong
static const char *check(const struct ext2_disk_super *disk, uint64_t device_bytes)
{
    uint64_t block_bytes = disk->log_block_size <= 2 ? SUPER_OFFSET << disk->log_block_size : 0;
    if (disk->magic != EXT2_MAGIC)
        return "not an ext2 file system";
    if (disk->revision != EXT2_REVISION)
        return "not revision 1";
    if (disk->incompatible & ~EXT2_INCOMPATIBLE_FILE_TYPE)
        return "uses features that are not supported (or a journal that was not replayed)";
    if (block_bytes == 0)
        return "block size is not 1, 2 or 4 KiB";
    if (disk->first_data_block != (block_bytes == SUPER_OFFSET) ||
        disk->blocks <= disk->first_data_block + 1 || disk->blocks > device_bytes / block_bytes)
        return "does not fit its device";
    if ((disk->inode_bytes != 128 && disk->inode_bytes != 256) || disk->first_inode <= EXT2_ROOT ||
        disk->first_inode > disk->inodes_per_group)
        return "bad inode size or first inode";
    if (disk->blocks_per_group == 0 || disk->blocks_per_group > block_bytes * 8 ||
        disk->inodes_per_group == 0 || disk->inodes_per_group > block_bytes * 8)
        return "bad group size";
    uint64_t groups = (disk->blocks - disk->first_data_block + (uint64_t)disk->blocks_per_group - 1) /
                      disk->blocks_per_group;
    if (disk->inodes != groups * disk->inodes_per_group ||
        groups * sizeof(struct ext2_disk_group) / block_bytes >= disk->blocks - disk->first_data_block - 1)
        return "bad number of groups";
    return NULL;
}

static void set_up(struct ext2 *fs)
{
    struct ext2_disk_super *disk = fs->disk;
    uint32_t block_bytes = SUPER_OFFSET << disk->log_block_size;
    uint32_t known = EXT2_READ_ONLY_SPARSE_SUPER | EXT2_READ_ONLY_LARGE_FILE;
    uint32_t unknown = disk->read_only_compatible & ~known;
    fs->group_count = disk->inodes / disk->inodes_per_group;
    fs->pointers = block_bytes / sizeof(uint32_t);
    fs->cache.block_bytes = block_bytes;
    fs->size_most = ext2_map_most(fs) * block_bytes;
    fs->was_valid = disk->state == EXT2_STATE_VALID;
    fs->super = (struct super_block){.type = "ext2", .device = fs->cache.device, .device_number = 0xfe00,
                                     .block_bytes = block_bytes, .sync = sync, .statfs = statfs, .data = fs,
                                     .read_only = fs->cache.device->read_only || unknown != 0};
    if (unknown)
        log_warn("ext2 on %s: unknown features %x: read-only", fs->cache.device->name, unknown);
    if (!fs->was_valid)
        log_warn("ext2 on %s: was not cleanly unmounted, or has errors: e2fsck would help",
                 fs->cache.device->name);
}

static void destroy(struct ext2 *fs)
{
    vm_object_destroy(&fs->cache.object);
    if (fs->frame)
        frame_put(fs->frame);
    kfree(fs);
}

int ext2_mount(struct block_device *device, struct super_block **super)
{
    struct ext2 *fs = kmalloc(sizeof(*fs));
    if (!fs)
        return -ENOMEM;
    mutex_init(&fs->lock, RANK_FILE_SYSTEM);
    block_cache_init(&fs->cache, device, SUPER_OFFSET);
    fs->frame = frame_alloc(FRAME_KERNEL, 0, ALLOC_ZERO);
    int error = fs->frame ? transfer_super(fs, BLOCK_READ) : -ENOMEM;
    const char *wrong = error ? "cannot read the super block" : NULL;
    if (!error) {
        fs->disk = (void *)((char *)frame_memory(fs->frame) + SUPER_OFFSET);
        wrong = check(fs->disk, device->sectors * SECTOR_BYTES);
        error = wrong ? -EINVAL : 0;
    }
    if (!error) {
        set_up(fs);
        error = ext2_inode_get(&fs->super, EXT2_ROOT, &fs->super.root);
        wrong = error ? "cannot read the root directory" : NULL;
    }
    if (error) {
        log_warn("ext2 on %s: %s (error %d)", device->name, wrong, -error);
        destroy(fs);
        return error;
    }
    frame_make_immortal(fs->frame); // a mounted file system stays
    fs->marked_valid = fs->was_valid;
    *super = &fs->super;
    return 0;
}
