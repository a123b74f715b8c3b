// SPDX-License-Identifier: MIT
//
// The memory system calls: they decode Linux' arguments and call mm. Called by trap/syscall.c.

#include "arch/tlb.h"
#include "proc/process.h"
#include "proc/syscalls.h"
#include "proc/task.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/mman.h"

// A mapping keeps its file open (mm knows it as a pointer only).
static void get_file(void *file)
{
    file_get(file);
}

static void put_file(void *file)
{
    file_put(file);
}

void memory_init(void)
{
    vm_space_set_hooks(get_file, put_file);
}

int64_t sys_brk(uint64_t address)
{
    return (int64_t)vm_set_break(current_task()->space, address);
}

// RISC-V has no write-only pages, and Kine no execute-only ones.
static unsigned decode_prot(uint64_t prot)
{
    return (prot & (PROT_READ | PROT_WRITE | PROT_EXEC) ? PT_R : 0) | (prot & PROT_WRITE ? PT_W : 0) |
           (prot & PROT_EXEC ? PT_X : 0);
}

static int64_t map(const struct vm_map_request *request)
{
    vaddr_t address = 0;
    int error = vm_map(current_task()->space, request, &address);
    return error ? error : (int64_t)address;
}

static int64_t map_file(struct vm_map_request *request, int fd, uint64_t offset)
{
    struct file *file = fd_get(fd);
    if (!file)
        return -EBADF;
    int64_t result = -ENODEV;
    if (file->inode && (file->inode->mode & S_IFMT) == S_IFREG) {
        request->kind = VM_FILE_PRIVATE;
        request->object = &file->inode->pages;
        request->object_page = offset >> PAGE_SHIFT;
        request->file_bytes = page_round_up(request->bytes);
        request->file = file;
        result = (file->flags & O_ACCMODE) == O_WRONLY ? -EACCES : map(request);
    }
    file_put(file);
    return result;
}

int64_t sys_mmap(uint64_t address, uint64_t bytes, uint64_t prot, uint64_t flags, uint64_t fd, uint64_t offset)
{
    if (!bytes || (offset & PAGE_MASK) || (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC)))
        return -EINVAL;
    if ((flags & MAP_TYPE) != MAP_PRIVATE) // shared mappings are not here yet
        return (flags & MAP_TYPE) == MAP_SHARED ? -ENODEV : -EINVAL;
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (fixed && (address & PAGE_MASK))
        return -EINVAL;
    struct vm_map_request request = {
        .address = page_round_down(address),
        .bytes = bytes,
        .kind = VM_ANON,
        .prot = decode_prot(prot),
        .fixed = fixed,
        .no_replace = flags & MAP_FIXED_NOREPLACE,
    };
    return flags & MAP_ANONYMOUS ? map(&request) : map_file(&request, (int)fd, offset);
}

int64_t sys_munmap(uint64_t address, uint64_t bytes)
{
    return vm_unmap(current_task()->space, address, bytes);
}

int64_t sys_mprotect(uint64_t address, uint64_t bytes, uint64_t prot)
{
    if (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC))
        return -EINVAL;
    return vm_protect(current_task()->space, address, bytes, decode_prot(prot));
}

int64_t sys_riscv_flush_icache(uint64_t start, uint64_t end, uint64_t flags)
{
    (void)start; // fence.i knows no range (unprivileged spec, Zifencei)
    (void)end;
    if (flags > 1)
        return -EINVAL;
    icache_sync();
    return 0;
}
