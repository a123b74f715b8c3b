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

// Shows `visit` every entry, used or not, from byte `position` on, until it returns true.
// => returns 1 when it did, with the entry and its block in `slot`; 0 at the end; -EIO, -ENOMEM
typedef bool visitor(void *context, const struct ext2_disk_entry *entry, uint64_t position);
static int walk(struct inode *directory, uint64_t position, visitor *visit, void *context,
                struct ext2_slot *slot)
{
    uint32_t block_bytes = ext2_of(directory)->cache.block_bytes;
    for (uint64_t start = position - position % block_bytes; start < directory->size; start += block_bytes) {
        int error = ext2_block_get(directory, start / block_bytes, false, &slot->buffer);
        if (error)
            return error;
        for (uint32_t offset = 0; offset < block_bytes; offset += slot->entry->bytes) {
            slot->entry = entry_at(directory, &slot->buffer, offset);
            if (!slot->entry) {
                buffer_put(&slot->buffer);
                return -EIO;
            }
            if (start + offset >= position && visit(context, slot->entry, start + offset))
                return 1;
        }
        buffer_put(&slot->buffer);
    }
    return 0;
}

struct wanted {
    const char *name;
    size_t length;
};

static bool has_name(void *context, const struct ext2_disk_entry *entry, uint64_t position)
{
    const struct wanted *wanted = context;
    (void)position;
    return entry->inode && entry->name_length == wanted->length &&
           memcmp(entry->name, wanted->name, wanted->length) == 0;
}

int ext2_dir_find(struct inode *directory, const char *name, size_t length, struct ext2_slot *slot)
{
    struct wanted wanted = {name, length};
    int result = walk(directory, 0, has_name, &wanted, slot);
    return result < 0 ? result : result ? 0 : -ENOENT;
}

// Contents have changed: says so in the inode, whose hashed index (of foreign systems) is not kept up.
static void changed(struct inode *directory, struct ext2_slot *slot)
{
    struct ext2_node *node = directory->data;
    ext2_dirty(ext2_of(directory), &slot->buffer);
    buffer_put(&slot->buffer);
    node->flags &= ~(uint32_t)EXT2_FLAG_INDEXED;
    directory->mtime = directory->ctime = vfs_now();
    directory->dirty = true;
}

static uint32_t spare_bytes(const struct ext2_disk_entry *entry)
{
    return entry->bytes - (entry->inode ? bytes_needed(entry->name_length) : 0);
}

static bool has_room(void *context, const struct ext2_disk_entry *entry, uint64_t position)
{
    const struct wanted *wanted = context;
    (void)position;
    return spare_bytes(entry) >= bytes_needed(wanted->length);
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
static struct ext2_disk_entry *place(struct ext2_disk_entry *entry, const char *name, size_t length,
                                     const struct inode *inode)
{
    uint32_t spare = spare_bytes(entry), used = entry->bytes - spare;
    if (used > 0) {
        entry->bytes = (uint16_t)used;
        entry = after(entry);
        entry->bytes = (uint16_t)spare;
    }
    entry->inode = (uint32_t)inode->number;
    entry->name_length = (uint8_t)length;
    entry->type = type_of(inode);
    memcpy(entry->name, name, length);
    return entry;
}

int ext2_dir_add(struct inode *directory, const char *name, size_t length, const struct inode *inode)
{
    struct wanted wanted = {name, length};
    struct ext2_slot slot;
    int result = walk(directory, 0, has_room, &wanted, &slot);
    if (result == 0)
        result = append(directory, &slot);
    if (result < 0)
        return result;
    place(slot.entry, name, length, inode);
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
    struct ext2_disk_entry *entry = slot->buffer.data, *before = NULL; // the block was checked up to the slot
    for (; entry != slot->entry; entry = after(entry))
        before = entry;
    entry->inode = 0;
    if (before)
        before->bytes = (uint16_t)(before->bytes + entry->bytes);
    changed(directory, slot);
}

static bool is_proper(void *context, const struct ext2_disk_entry *entry, uint64_t position)
{
    (void)context, (void)position;
    return entry->inode && !(entry->name[0] == '.' && (entry->name_length == 1 ||
                                                       (entry->name_length == 2 && entry->name[1] == '.')));
}

int ext2_dir_check_empty(struct inode *directory)
{
    struct ext2_slot slot;
    int result = walk(directory, 0, is_proper, NULL, &slot);
    if (result == 1)
        buffer_put(&slot.buffer);
    return result == 1 ? -ENOTEMPTY : result;
}

int ext2_dir_make(struct inode *inode, const struct inode *parent)
{
    struct ext2_slot slot;
    int error = append(inode, &slot);
    if (error)
        return error;
    place(place(slot.entry, ".", 1, inode), "..", 2, parent);
    changed(inode, &slot);
    return 0;
}

struct reader {
    readdir_emit *emit;
    void *context;
    uint64_t *position; // next one to show
};

static bool show(void *context, const struct ext2_disk_entry *entry, uint64_t position)
{
    struct reader *reader = context;
    unsigned type = entry->type < sizeof(dirent_types) ? dirent_types[entry->type] : DT_UNKNOWN;
    if (entry->inode && !reader->emit(reader->context, entry->name, entry->name_length, entry->inode, type,
                                      position + entry->bytes))
        return true;
    *reader->position = position + entry->bytes;
    return false;
}

int ext2_readdir(struct inode *directory, uint64_t *position, readdir_emit *emit, void *context)
{
    struct reader reader = {emit, context, position};
    struct ext2_slot slot;
    mutex_lock(&ext2_of(directory)->lock);
    int result = walk(directory, *position, show, &reader, &slot);
    if (result == 1)
        buffer_put(&slot.buffer);
    mutex_unlock(&ext2_of(directory)->lock);
    return result < 0 ? result : 0;
}
