// SPDX-License-Identifier: MIT
//
// System calls that ask about names: where a link leads, where the caller stands, what a directory holds.
// Called by trap/ with no lock held.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/dirent.h"
#include "uapi/fcntl.h"

#define LISTING_BYTES_MOST ((uint64_t)16 << 10)

int64_t sys_readlinkat(uint64_t dirfd, uint64_t name, uint64_t buffer, uint64_t bytes)
{
    DENTRY_HERE *link = NULL;
    if ((int32_t)bytes <= 0)
        return -EINVAL;
    int error = user_path(dirfd, name, 0, &link);
    if (error)
        return error;
    struct inode *inode = link->inode;
    if (!S_ISLNK(inode->mode))
        return -EINVAL;
    char *target = kmalloc(PATH_MAX);
    int64_t length = target ? inode->ops->readlink(inode, target, PATH_MAX) : -ENOMEM;
    if (length > (int32_t)bytes)
        length = (int32_t)bytes;
    if (length > 0 && copy_to_user(user_ptr(buffer), target, (size_t)length))
        length = -EFAULT;
    kfree(target);
    return length;
}

int64_t sys_getcwd(uint64_t buffer, uint64_t bytes)
{
    char *name = kmalloc(PATH_MAX);
    if (!name)
        return -ENOMEM;
    DENTRY_HERE *path = fs_working_directory();
    int64_t length = dentry_path(path, name, bytes < PATH_MAX ? bytes : PATH_MAX);
    if (length > 0 && copy_to_user(user_ptr(buffer), name, (size_t)length))
        length = -EFAULT;
    kfree(name);
    return length;
}

int64_t sys_chdir(uint64_t name)
{
    struct dentry *path;
    int error = user_path((uint64_t)AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);
    if (!error)
        fs_change_directory(path);
    return error;
}

int64_t sys_fchdir(uint64_t fd)
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || !file->inode || !S_ISDIR(file->inode->mode))
        return file ? -ENOTDIR : -EBADF;
    fs_change_directory(dentry_get(file->dentry));
    return 0;
}

struct listing {
    char *buffer;
    size_t bytes, length;
    bool full;
};

static bool list_entry(void *context, struct name name, uint64_t number, unsigned type, uint64_t next)
{
    struct listing *listing = context;
    struct linux_dirent64 *entry = (struct linux_dirent64 *)(listing->buffer + listing->length);
    size_t bytes = (offsetof(struct linux_dirent64, d_name) + name.length + 1 + 7) & ~(size_t)7;
    listing->full = bytes > listing->bytes - listing->length;
    if (listing->full)
        return false;
    entry->d_ino = number; // the buffer comes zeroed: so does what is between the records
    entry->d_off = (int64_t)next;
    entry->d_reclen = (uint16_t)bytes;
    entry->d_type = (uint8_t)type;
    memcpy(entry->d_name, name.text, name.length);
    listing->length += bytes;
    return true;
}

int64_t sys_getdents64(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || !file->inode || !S_ISDIR(file->inode->mode))
        return file ? -ENOTDIR : -EBADF;
    struct inode *inode = file->inode;
    struct listing listing = {.bytes = bytes < LISTING_BYTES_MOST ? bytes : LISTING_BYTES_MOST};
    listing.buffer = kmalloc(listing.bytes + 1);
    if (!listing.buffer)
        return -ENOMEM;
    mutex_lock(&file->position_lock);
    uint64_t position = file->position;
    rwlock_read(&inode->lock);
    int64_t result = inode->links ? inode->ops->readdir(inode, &position, list_entry, &listing) : -ENOENT;
    rwlock_read_unlock(&inode->lock);
    if (!result && listing.full && !listing.length)
        result = -EINVAL; // not even one fits
    if (!result)
        result = copy_to_user(user_ptr(buffer), listing.buffer, listing.length);
    if (!result)
        file->position = position;
    mutex_unlock(&file->position_lock);
    kfree(listing.buffer);
    return result ? result : (int64_t)listing.length;
}
