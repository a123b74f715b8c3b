// SPDX-License-Identifier: MIT
//
// Bytes of regular files through the page cache, for every file system that has inode.pages. read(2),
// write(2), exec and mappings use the same frames. Called through file_ops and by truncate and exec.
//
// Reading copies with only a reference to the frame held. Writing holds inode.lock and so copies with page
// faults off: where the user's page is not there, it lets go of everything, faults it in, and comes back.

#include "fs/vfs.h"
#include "uapi/fcntl.h"

#define DIRTY_FRACTION 8 // a writer writes back when more than 1/8 of memory is dirty

static uint64_t pages_of(uint64_t bytes)
{
    return (bytes + PAGE_MASK) >> PAGE_SHIFT;
}

// Copies from the page cache to the user, or to `kernel` where that is not NULL.
static int64_t read_pages(struct inode *inode, user_ptr_t user, uint8_t *kernel, size_t bytes,
                          uint64_t position)
{
    uint64_t size = __atomic_load_n(&inode->size, __ATOMIC_ACQUIRE); // as of now: a writer may be at work
    size_t done = 0;
    int error = 0;
    bytes = position < size ? least(bytes, size - position) : 0;
    while (done < bytes && !error) {
        uint64_t at = position + done, offset = at & PAGE_MASK;
        size_t chunk = least(bytes - done, PAGE_SIZE - offset);
        struct frame *frame;
        error = vm_object_get(&inode->pages, at >> PAGE_SHIFT, true, &frame);
        if (error)
            break; // -ENXIO: truncated meanwhile, the file ends here
        uint8_t *memory = (uint8_t *)frame_memory(frame) + offset;
        if (kernel)
            memcpy(kernel + done, memory, chunk);
        else
            error = copy_to_user(user_offset(user, done), memory, chunk);
        frame_put(frame);
        done += error ? 0 : chunk;
    }
    return done || error == -ENXIO ? (int64_t)done : error;
}

static int64_t generic_read(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    int64_t done = read_pages(file->inode, buffer, NULL, bytes, *position);
    *position += done > 0 ? (uint64_t)done : 0;
    return done;
}

int64_t vfs_read_kernel(struct file *file, uint64_t offset, void *buffer, size_t bytes)
{
    if (!file->inode || !file->inode->pages.ops)
        return -EINVAL;
    return read_pages(file->inode, user_ptr(0), buffer, bytes, offset);
}

// The bytes from `size` to the end of its page read as zero from now on, also when the file grows over them:
// it is cut there, or somebody has stored beyond the end through a mapping. => holds inode->lock for write
static int zero_tail(struct inode *inode, uint64_t size)
{
    uint64_t offset = size & PAGE_MASK, page = size >> PAGE_SHIFT;
    struct frame *frame;
    if (!offset)
        return 0;
    int error = vm_object_get(&inode->pages, page, true, &frame);
    if (error)
        return error;
    uint8_t *memory = frame_memory(frame);
    while (offset < PAGE_SIZE && !memory[offset])
        offset++;
    if (offset < PAGE_SIZE)
        error = inode->pages.ops->before_write(&inode->pages, page, frame, size);
    if (offset < PAGE_SIZE && !error) {
        memset(memory + offset, 0, PAGE_SIZE - offset);
        vm_object_mark_dirty(&inode->pages, frame);
    }
    frame_put(frame);
    return error;
}

// Writes what is there of one page's worth of user bytes. => holds inode->lock for write; returns the number
// of bytes copied (short: fault in and come again) or -errno
static int64_t write_page(struct inode *inode, user_ptr_t source, size_t chunk, uint64_t at)
{
    uint64_t page = at >> PAGE_SHIFT;
    bool beyond = page >= pages_of(inode->size);
    struct frame *frame;
    if (beyond) // there is nothing to read in
        vm_object_resize(&inode->pages, page + 1);
    int error = vm_object_get(&inode->pages, page, !beyond, &frame);
    size_t copied = 0;
    if (!error) {
        error = inode->pages.ops->before_write(&inode->pages, page, frame, at + chunk);
        if (!error) { // dirty in any case: new storage holds what the last owner left there
            uint8_t *memory = (uint8_t *)frame_memory(frame) + (at & PAGE_MASK);
            copied = chunk - copy_from_user_nofault(memory, source, chunk);
            vm_object_mark_dirty(&inode->pages, frame);
        }
        frame_put(frame);
    }
    if (copied) {
        if (at + copied > inode->size)
            __atomic_store_n(&inode->size, at + copied, __ATOMIC_RELEASE);
        inode_modified(inode);
    } else if (beyond) { // nothing came of it: give the storage back
        vm_object_resize(&inode->pages, pages_of(inode->size));
        int undo_error = inode->ops->truncate(inode, inode->size);
        error = error ? error : undo_error;
    }
    return error ? error : (int64_t)copied;
}

// Keeps dirty pages from filling memory, since only clean ones can be reclaimed. An error stays with its
// page, which stays dirty: fsync will tell. => holds no inode lock
static void balance_dirty(struct inode *inode)
{
    size_t most = frame_span.usable_pages / DIRTY_FRACTION;
    if (vm_dirty_pages > most)
        (void)vm_object_sync(&inode->pages);
    if (vm_dirty_pages > most)
        (void)inodes_sync();
}

static int64_t generic_write(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    struct inode *inode = file->inode;
    size_t done = 0;
    int64_t result = 0;
    while (done < bytes && result >= 0) {
        result = fault_in_readable(user_offset(buffer, done), bytes - done);
        if (result)
            break;
        rwlock_write(&inode->lock);
        uint64_t at = file->flags & O_APPEND ? inode->size : *position;
        result = at > inode->size ? zero_tail(inode, inode->size) : 0;
        for (size_t copied = 0, chunk = 0; done < bytes && result >= 0 && copied == chunk;) {
            chunk = least(bytes - done, PAGE_SIZE - (at & PAGE_MASK));
            user_ptr_t source = user_offset(buffer, done);
            result = at + chunk > INT64_MAX ? -EFBIG : write_page(inode, source, chunk, at);
            copied = result > 0 ? (size_t)result : 0;
            done += copied;
            at += copied;
        }
        *position = at;
        rwlock_write_unlock(&inode->lock);
    }
    balance_dirty(inode);
    return done ? (int64_t)done : result;
}

int vfs_truncate(struct inode *inode, uint64_t size)
{
    if (!S_ISREG(inode->mode))
        return S_ISDIR(inode->mode) ? -EISDIR : -EINVAL;
    if (inode->super->read_only || !inode->ops->truncate)
        return inode->super->read_only ? -EROFS : -EINVAL;
    if (size > INT64_MAX)
        return -EINVAL;
    rwlock_write(&inode->lock);
    int error = size != inode->size ? zero_tail(inode, least(size, inode->size)) : 0;
    if (!error) { // out of the page cache first: nothing may be written to blocks that are no longer ours
        if (size < inode->size)
            vm_object_resize(&inode->pages, pages_of(size));
        error = inode->ops->truncate(inode, size);
    }
    if (!error) {
        __atomic_store_n(&inode->size, size, __ATOMIC_RELEASE);
        inode_modified(inode);
    }
    vm_object_resize(&inode->pages, pages_of(inode->size));
    rwlock_write_unlock(&inode->lock);
    return error;
}

int vfs_sync_file(struct inode *inode)
{
    rwlock_write(&inode->lock);
    int error = inode_write_out(inode);
    rwlock_write_unlock(&inode->lock);
    int super_error = inode->super->sync ? inode->super->sync(inode->super) : 0;
    return error ? error : super_error;
}

const struct file_ops generic_file_ops = {.read = generic_read, .write = generic_write, .seekable = true};
const struct file_ops generic_directory_ops = {.seekable = true};
