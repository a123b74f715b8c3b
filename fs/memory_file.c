// SPDX-License-Identifier: MIT
//
// Files without a name or a disk, whose bytes are in the page cache and nowhere else: memfd_create, and the
// shared memory of mmap without a file (or of /dev/zero). They are inodes like others, so read, write,
// truncate and mappings need nothing of their own. A page that was written stays dirty until the last
// descriptor and mapping are gone; one that was only read may be reclaimed, since it comes back as zeros.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "uapi/fcntl.h"
#include "uapi/mman.h"

#define MEMFD_NAME_BYTES 250 // with the terminator, as Linux

static struct super_block memory_super = {.type = "memory", .device_number = 1, .volatile_names = true};

static int fill(struct vm_object *, uint64_t, struct frame *frame)
{
    memset(frame_memory(frame), 0, PAGE_SIZE);
    return 0;
}

static int before_write(struct vm_object *, uint64_t, struct frame *, uint64_t)
{
    return 0; // the page is its own storage
}

static int truncate(struct inode *inode, uint64_t size)
{
    inode->size = size;
    return 0;
}

static const struct vm_object_ops pages_ops = {.fill = fill, .before_write = before_write};
static const struct inode_ops inode_ops = {.truncate = truncate};

int memory_file_create(uint64_t bytes, struct file **out)
{
    static _Atomic uint64_t last_number;
    bool fresh;
    struct file *file = file_create(&generic_file_ops, O_RDWR | O_LARGEFILE);
    uint64_t number = atomic_fetch_add(&last_number, 1) + 1;
    struct inode *inode = file ? inode_get_cached(&memory_super, number, &fresh) : NULL;
    if (!inode) {
        file_put_auto(&file);
        return -ENOMEM;
    }
    inode->mode = S_IFREG | 0777;
    inode->size = bytes;
    inode->ops = &inode_ops;
    vm_object_init(&inode->pages, &pages_ops, inode, page_round_up(bytes) >> PAGE_SHIFT, RANK_OBJECT);
    inode_ready(inode, 0);
    file->inode = inode;
    *out = file;
    return 0;
}

// The name is for people who look at /proc, and Kine does not show it. There are no seals to be allowed.
int64_t sys_memfd_create(uint64_t name, uint64_t flags)
{
    char text[MEMFD_NAME_BYTES];
    struct file *file;
    if (flags & ~(uint64_t)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
        return -EINVAL;
    int64_t length = copy_string_from_user(text, user_ptr(name), sizeof(text));
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    int error = memory_file_create(0, &file);
    return error ? error : fd_install(file, 0, flags & MFD_CLOEXEC);
}
