// SPDX-License-Identifier: MIT
//
// Directories: blocks full of entries, each saying where the next one begins. Searched from the front. A
// removed entry's room goes to the one before it; a new one takes the end of an entry with room to spare.
// => callers hold fs->lock; the VFS directory.lock, for write where entries change.

#include "fs/ext2.h"
#include "uapi/dirent.h"

// What the type bytes on disk mean.
static const uint8_t dirent_types[8] = {DT_UNKNOWN, DT_REG, DT_DIR, DT_CHR, DT_BLK, DT_FIFO, DT_SOCK, DT_LNK};

static uint8_t type_of(const struct inode *inode)
{
    uint8_t type = 7;
    if (!(ext2_of(inode)->disk->incompatible & EXT2_INCOMPATIBLE_FILE_TYPE))
        return 0;
    while (type > 0 && dirent_types[type] != (inode->mode & S_IFMT) >> 12) // DT_* are the mode's bits
        type--;
    return type;
}

static uint32_t bytes_needed(size_t name_length)
{
    return (uint32_t)(offsetof(struct ext2_disk_entry, name) + name_length + 3) & ~3u;
}

static struct ext2_disk_entry *after(struct ext2_disk_entry *entry)
{
    return (struct ext2_disk_entry *)((char *)entry + entry->bytes);
}

// The entry at `offset` of a block, or NULL when it is not one.
static struct ext2_disk_entry *entry_at(struct inode *directory, const struct buffer *buffer, uint32_t offset)
{
    struct ext2 *fs = ext2_of(directory);
    uint32_t left = fs->cache.block_bytes - offset;
    struct ext2_disk_entry *entry = (struct ext2_disk_entry *)((char *)buffer->data + offset);
    if (left >= bytes_needed(1) && entry->bytes >= bytes_needed(1) && entry->bytes % 4 == 0 &&
        entry->bytes <= left && bytes_needed(entry->name_length) <= entry->bytes &&
        entry->inode <= fs->disk->inodes && (entry->name_length > 0 || entry->inode == 0))
        return entry;
    ext2_corrupt(fs, "bad entry in directory", directory->number);
    return NULL;
}

// The entry behind the one in `slot`, used or not; a slot without an entry begins at its position, which is
// the start of a block. => returns 1; or 0 at the end, -EIO, -ENOMEM with nothing in the slot
static int next(struct inode *directory, struct ext2_slot *slot)
{
    uint32_t block_bytes = ext2_of(directory)->cache.block_bytes;
    slot->position += slot->entry ? slot->entry->bytes : 0;
    if (slot->position % block_bytes == 0) {
        buffer_put(&slot->buffer);
        if (slot->position >= directory->size)
            return 0;
        int error = ext2_block_get(directory, slot->position / block_bytes, false, &slot->buffer);
        if (error)
            return error;
    }
    slot->entry = entry_at(directory, &slot->buffer, slot->position % block_bytes);
    if (slot->entry)
        return 1;
    buffer_put(&slot->buffer);
    return -EIO;
}

int ext2_dir_find(struct inode *directory, struct name name, struct ext2_slot *slot)
{
    int result;
    *slot = (struct ext2_slot){0};
    while ((result = next(directory, slot)) > 0)
        if (slot->entry->inode && slot->entry->name_length == name.length &&
            memcmp(slot->entry->name, name.text, name.length) == 0)
            return 0;
    return result < 0 ? result : -ENOENT;
}

// Contents have changed: says so in the inode, whose hashed index (of foreign systems) is not kept up.
static void changed(struct inode *directory, struct ext2_slot *slot)
{
    ext2_dirty(ext2_of(directory), &slot->buffer);
    buffer_put(&slot->buffer);
    ext2_node(directory)->flags &= ~(uint32_t)EXT2_FLAG_INDEXED;
    inode_modified(directory);
}

static uint32_t spare_bytes(const struct ext2_disk_entry *entry)
{
    return entry->bytes - (entry->inode ? bytes_needed(entry->name_length) : 0);
}

// A new block at the end of the directory: one unused entry.
static int append(struct inode *directory, struct ext2_slot *slot)
{
    uint32_t block_bytes = ext2_of(directory)->cache.block_bytes;
    int error = ext2_block_get(directory, directory->size / block_bytes, true, &slot->buffer);
    if (error)
        return error;
    slot->entry = slot->buffer.data;
    slot->entry->bytes = (uint16_t)block_bytes;
    directory->size += block_bytes;
    return 0;
}

// Puts an entry into the spare bytes at the end of another. => returns it
static struct ext2_disk_entry *place(struct ext2_disk_entry *entry, struct name name,
                                     const struct inode *inode)
{
    uint32_t spare = spare_bytes(entry), used = entry->bytes - spare;
    if (used > 0) {
        entry->bytes = (uint16_t)used;
        entry = after(entry);
        entry->bytes = (uint16_t)spare;
    }
    entry->inode = (uint32_t)inode->number;
    entry->name_length = (uint8_t)name.length;
    entry->type = type_of(inode);
    memcpy(entry->name, name.text, name.length);
    return entry;
}

int ext2_dir_add(struct inode *directory, struct name name, const struct inode *inode)
{
    struct ext2_slot slot = {0};
    int result;
    while ((result = next(directory, &slot)) > 0 && spare_bytes(slot.entry) < bytes_needed(name.length))
        ;
    if (result == 0)
        result = append(directory, &slot);
    if (result < 0)
        return result;
    place(slot.entry, name, inode);
    changed(directory, &slot);
    return 0;
}

void ext2_dir_set(struct inode *directory, struct ext2_slot *slot, const struct inode *inode)
{
    slot->entry->inode = (uint32_t)inode->number;
    slot->entry->type = type_of(inode);
    changed(directory, slot);
}

void ext2_dir_remove(struct inode *directory, struct ext2_slot *slot)
{
    struct ext2_disk_entry *entry = slot->buffer.data, *before = NULL;
    for (; entry < slot->entry && entry->bytes; entry = after(entry))
        before = entry;
    slot->entry->inode = 0;
    if (before && entry == slot->entry) // or the bitmap has lied, and the block is somebody else's since it was checked
        before->bytes = (uint16_t)(before->bytes + entry->bytes);
    changed(directory, slot);
}

static bool is_dots(const struct ext2_disk_entry *entry)
{
    return entry->name[0] == '.' &&
           (entry->name_length == 1 || (entry->name_length == 2 && entry->name[1] == '.'));
}

int ext2_dir_check_empty(struct inode *directory)
{
    struct ext2_slot slot = {0};
    int result;
    while ((result = next(directory, &slot)) > 0 && (!slot.entry->inode || is_dots(slot.entry)))
        ;
    buffer_put(&slot.buffer);
    return result > 0 ? -ENOTEMPTY : result;
}

int ext2_dir_make(struct inode *inode, const struct inode *parent)
{
    struct ext2_slot slot;
    int error = append(inode, &slot);
    if (error)
        return error;
    place(place(slot.entry, (struct name){".", 1}, inode), (struct name){"..", 2}, parent);
    changed(inode, &slot);
    return 0;
}

int ext2_readdir(struct inode *directory, uint64_t *position, readdir_emit *emit, void *context)
{
    struct ext2 *fs = ext2_of(directory);
    struct ext2_slot slot = {.position = *position - *position % fs->cache.block_bytes};
    int result;
    mutex_lock(&fs->lock);
    while ((result = next(directory, &slot)) > 0) {
        const struct ext2_disk_entry *entry = slot.entry;
        unsigned type = entry->type < sizeof(dirent_types) ? dirent_types[entry->type] : DT_UNKNOWN;
        uint64_t after_it = slot.position + entry->bytes;
        if (slot.position < *position)
            continue;
        struct name name = {entry->name, entry->name_length};
        if (entry->inode && !emit(context, name, entry->inode, type, after_it))
            break;
        *position = after_it;
    }
    buffer_put(&slot.buffer);
    mutex_unlock(&fs->lock);
    return result < 0 ? result : 0;
}
