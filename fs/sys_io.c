// SPDX-License-Identifier: MIT
//
// System calls on descriptors: moving bytes, positions, copies of descriptors, pipes. Called by trap/ from
// the table of system calls, with no lock held; the manual pages of Linux say what each does.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"
#include "uapi/uio.h"

#define IO_BYTES_MOST 0x7ffff000ul // per call, as Linux

// The one way from a read or write call to file_ops. `offset` NULL: at the file's own position.
static int64_t transfer(uint64_t fd, bool writing, const struct iovec *vector, size_t count,
                        const uint64_t *offset) NO_LOCK_ANALYSIS
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || (file->flags & O_ACCMODE) == (writing ? O_RDONLY : O_WRONLY))
        return -EBADF;
    if (offset && (!file->ops->seekable || (int64_t)*offset < 0))
        return file->ops->seekable ? -EINVAL : -ESPIPE;
    if (file->ops->stream)
        return file->ops->stream(file, vector, count);
    file_operation *operation = writing ? file->ops->write : file->ops->read;
    if (!operation)
        return file->inode && S_ISDIR(file->inode->mode) ? -EISDIR : -EINVAL;
    bool shared = !offset && file->ops->seekable;
    if (shared)
        mutex_lock(&file->position_lock);
    uint64_t position = offset ? *offset : file->position, done = 0;
    int64_t result = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = vector[i].iov_len;
        result = bytes ? operation(file, user_ptr((uintptr_t)vector[i].iov_base), bytes, &position) : 0;
        done += result > 0 ? (uint64_t)result : 0;
        if (result < (int64_t)bytes || (done && !writing && file->ops->poll && !(file->ops->poll(file) & POLLIN)))
            break; // nor is what has come kept back until there is more
    }
    if (shared) {
        file->position = position;
        mutex_unlock(&file->position_lock);
    }
    return done ? (int64_t)done : result;
}

static int64_t transfer_one(uint64_t fd, bool writing, uint64_t buffer, uint64_t bytes,
                            const uint64_t *offset)
{
    struct iovec vector = {(void *)(uintptr_t)buffer, least(bytes, IO_BYTES_MOST)};
    return (int64_t)bytes < 0 ? -EINVAL : transfer(fd, writing, &vector, 1, offset);
}

static int64_t transfer_vector(uint64_t fd, bool writing, uint64_t user_vector, uint64_t count)
{
    if (count > UIO_MAXIOV)
        return -EINVAL;
    struct iovec *vector = kmalloc(count ? count * sizeof(*vector) : 1);
    if (!vector)
        return -ENOMEM;
    int64_t result = copy_from_user(vector, user_ptr(user_vector), count * sizeof(*vector));
    uint64_t total = 0;
    for (size_t i = 0; i < count && !result; i++) {
        size_t bytes = vector[i].iov_len;
        if (bytes > INT64_MAX - total)
            result = -EINVAL;
        vector[i].iov_len = least(bytes, IO_BYTES_MOST - least(total, IO_BYTES_MOST));
        total += bytes;
    }
    if (!result)
        result = transfer(fd, writing, vector, count, NULL);
    kfree(vector);
    return result;
}

int64_t sys_read(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    return transfer_one(fd, false, buffer, bytes, NULL);
}

int64_t sys_write(uint64_t fd, uint64_t buffer, uint64_t bytes)
{
    return transfer_one(fd, true, buffer, bytes, NULL);
}

int64_t sys_pread64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset)
{
    return transfer_one(fd, false, buffer, bytes, &offset);
}

int64_t sys_pwrite64(uint64_t fd, uint64_t buffer, uint64_t bytes, uint64_t offset)
{
    return transfer_one(fd, true, buffer, bytes, &offset);
}

int64_t sys_readv(uint64_t fd, uint64_t vector, uint64_t count)
{
    return transfer_vector(fd, false, vector, count);
}

int64_t sys_writev(uint64_t fd, uint64_t vector, uint64_t count)
{
    return transfer_vector(fd, true, vector, count);
}

int64_t sys_lseek(uint64_t fd, uint64_t offset, uint64_t whence)
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || !file->ops->seekable)
        return file ? -ESPIPE : -EBADF;
    int64_t position;
    mutex_lock(&file->position_lock);
    uint64_t base = whence == SEEK_CUR ? file->position : whence == SEEK_END ? file->inode->size : 0;
    bool too_far = __builtin_add_overflow((int64_t)base, (int64_t)offset, &position);
    if (whence > SEEK_END || too_far || position < 0)
        position = -EINVAL;
    else
        file->position = (uint64_t)position;
    mutex_unlock(&file->position_lock);
    return position;
}

int64_t sys_close(uint64_t fd)
{
    return fd_close(current_files(), (int)fd, NULL);
}

int64_t sys_dup(uint64_t fd)
{
    struct file *file = fd_get((int)fd);
    return file ? fd_install(file, 0, false) : -EBADF;
}

int64_t sys_dup3(uint64_t from, uint64_t to, uint64_t flags)
{
    if ((int)from == (int)to || flags & ~(uint64_t)O_CLOEXEC)
        return -EINVAL;
    struct file *file = fd_get((int)from);
    return file ? fd_install_at(file, (int)to, flags != 0) : -EBADF;
}

int64_t sys_fcntl(uint64_t fd, uint64_t command, uint64_t argument)
{
    const uint32_t changeable = O_APPEND | O_NONBLOCK;
    FILE_HERE *file = fd_get((int)fd);
    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        file_get(file);
        return fd_install(file, argument < FILES_MOST ? (int)argument : -1, command != F_DUPFD);
    case F_GETFD:
        return fd_close_on_exec((int)fd, -1);
    case F_SETFD:
        return fd_close_on_exec((int)fd, argument & FD_CLOEXEC) < 0 ? -EBADF : 0;
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~changeable) | ((uint32_t)argument & changeable);
        return 0;
    default:
        return -EINVAL;
    }
}

int64_t sys_ioctl(uint64_t fd, uint64_t request, uint64_t argument)
{
    FILE_HERE *file = fd_get((int)fd);
    if (!file || !file->ops->ioctl)
        return file ? -ENOTTY : -EBADF;
    return file->ops->ioctl(file, (uint32_t)request, argument);
}
