// SPDX-License-Identifier: MIT
//
// The memory system calls: they decode Linux' arguments and call mm. Called by trap/syscall.c.

#include "arch/machine.h"
#include "arch/tlb.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/syscalls.h"
#include "mm/fault.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/mman.h"

// A mapping keeps its file open.
void vm_file_get(void *file)
{
    file_get(file);
}

void vm_file_put(void *file)
{
    file_put(file);
}

void memory_init(void)
{
#if KINE_OPTION_MEGAPAGE
    char text[8]; // named as Linux' (admin-guide/mm/transhuge)
    if (!boot_argument("transparent_hugepage", text, sizeof text))
        return;
    bool always = strcmp(text, "always") == 0, never = strcmp(text, "never") == 0;
    if (!always && !never && strcmp(text, "madvise") != 0)
        log_warn("transparent_hugepage=%s: unknown, using madvise", text);
    vm_mega_follow[MEGA_DEFAULT] = always;
    vm_mega_follow[MEGA_WANTED] = !never;
#endif
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

static int64_t map_pages(struct vm_map_request *request, struct file *file, uint64_t offset)
{
    request->object = &file->inode->pages;
    request->object_page = offset >> PAGE_SHIFT;
    request->file = file;
    return map(request);
}

// Memory without a file. What is shared gets one of its own that nobody can open.
static int64_t map_memory(struct vm_map_request *request)
{
    struct file *file;
    if (request->kind != VM_SHARED) {
        request->kind = VM_ANON;
        return map(request);
    }
    uint64_t bytes = page_round_up(request->bytes);
    int error = request->bytes > USER_END ? -ENOMEM : memory_file_create(bytes, &file);
    if (error)
        return error;
    int64_t result = map_pages(request, file, 0);
    file_put(file);
    return result;
}

// Flags that MAP_SHARED_VALIDATE may come with, as Linux has them
#define MAP_KNOWN (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE | \
                   MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB)

static int64_t map_open_file(struct vm_map_request *request, struct file *file, uint64_t flags,
                             uint64_t offset)
{
    unsigned mode = file->flags & O_ACCMODE;
    bool shared = request->kind == VM_SHARED;
    if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & ~(uint64_t)MAP_KNOWN))
        return -EOPNOTSUPP;
    if (mode == O_WRONLY || (shared && mode != O_RDWR && request->prot & PT_W))
        return -EACCES;
    if (file->ops->zero_memory)
        return map_memory(request);
    if (!file->inode || !S_ISREG(file->inode->mode) || !file->inode->pages.ops)
        return -ENODEV;
    request->never_write = shared && mode != O_RDWR;
    request->no_reserve |= shared;
    return map_pages(request, file, offset);
}

// MAP_POPULATE: as if each page had been used, written where that is for ourselves alone. As far as it goes: where
// the last memory begins, which the faults of others need, it leaves the rest to faults.
static void populate(const struct vm_map_request *request, vaddr_t start)
{
    if (!(request->prot & PT_R))
        return;
    enum vm_access access = request->prot & PT_W && request->kind != VM_SHARED ? VM_WRITE : VM_READ;
    for (vaddr_t va = start; va < start + request->bytes; va += PAGE_SIZE, sched_point())
        if (signal_fatal() || !room_for_task() || vm_fault(current_task()->space, va, access) != VM_FAULT_OK)
            return;
}

int64_t sys_mmap(uint64_t address, uint64_t bytes, uint64_t prot, uint64_t flags, uint64_t fd,
                 uint64_t offset)
{
    unsigned type = flags & MAP_TYPE;
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE), anonymous = flags & MAP_ANONYMOUS;
    if (!bytes || (offset & PAGE_MASK) || (prot & ~(uint64_t)(PROT_READ | PROT_WRITE | PROT_EXEC)) ||
        (fixed && (address & PAGE_MASK)) || !type || type > MAP_SHARED_VALIDATE ||
        (anonymous && type == MAP_SHARED_VALIDATE))
        return -EINVAL;
    struct vm_map_request request = {
        .address = page_round_down(address),
        .bytes = bytes,
        .kind = type == MAP_PRIVATE ? VM_FILE_PRIVATE : VM_SHARED,
        .prot = decode_prot(prot),
        .fixed = fixed,
        .no_replace = flags & MAP_FIXED_NOREPLACE,
        .no_reserve = flags & MAP_NORESERVE || !prot,
    };
    FILE_HERE *file = anonymous ? NULL : fd_get((int)fd);
    if (!anonymous && !file)
        return -EBADF;
    int64_t result = file ? map_open_file(&request, file, flags, offset) : map_memory(&request);
    if (result > 0 && flags & (MAP_POPULATE | MAP_LOCKED) && !(flags & MAP_NONBLOCK))
        populate(&request, (vaddr_t)result);
    return result;
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

static bool wraps(vaddr_t start, uint64_t bytes)
{
    return page_round_up(bytes) < bytes || start + page_round_up(bytes) < start;
}

int64_t sys_msync(uint64_t address, uint64_t bytes, uint64_t flags)
{
    struct vm_space *space = current_task()->space;
    vaddr_t at = address, end = address + page_round_up(bytes);
    bool hole = false;
    if (address & PAGE_MASK || flags & ~(uint64_t)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
        (flags & MS_ASYNC && flags & MS_SYNC))
        return -EINVAL;
    if (wraps(address, bytes))
        return -ENOMEM;
    while (at < end) {
        rwlock_read(&space->map_lock);
        struct vm_region *region = vm_region_at_or_after(space, at);
        bool reached = region && region->start < end;
        hole |= !reached || region->start > at;
        FILE_HERE *file = reached && region->kind == VM_SHARED && flags & MS_SYNC ? region->file : NULL;
        if (file)
            file_get(file);
        at = reached ? region->end : end;
        rwlock_read_unlock(&space->map_lock);
        int error = file ? vfs_sync_file(file->inode) : 0;
        if (error)
            return error;
    }
    return hole ? -ENOMEM : 0;
}

int64_t sys_mincore(uint64_t address, uint64_t bytes, uint64_t vector)
{
    uint8_t chunk[256];
    vaddr_t end = address + page_round_up(bytes);
    if (address & PAGE_MASK)
        return -EINVAL;
    if (wraps(address, bytes) || end > USER_END)
        return -ENOMEM;
    for (vaddr_t at = address; at < end;) {
        uint64_t pages = (end - at) >> PAGE_SHIFT;
        pages = pages < sizeof(chunk) ? pages : sizeof(chunk);
        int error = vm_resident(current_task()->space, at, at + (pages << PAGE_SHIFT), chunk);
        if (!error)
            error = copy_to_user(user_offset(user_ptr(vector), (at - address) >> PAGE_SHIFT), chunk, pages);
        if (error || signal_fatal())
            return error;
        at += pages << PAGE_SHIFT;
        sched_point();
    }
    return 0;
}

// Most advice may be ignored; what changes what the program or its children see may not, and is refused.
int64_t sys_madvise(uint64_t address, uint64_t bytes, uint64_t advice)
{
    const uint32_t known = 1 << MADV_NORMAL | 1 << MADV_RANDOM | 1 << MADV_SEQUENTIAL | 1 << MADV_DONTFORK |
                           1 << MADV_DOFORK | 1 << MADV_MERGEABLE | 1 << MADV_UNMERGEABLE | 1 << MADV_DONTDUMP |
                           1 << MADV_DODUMP | 1 << MADV_KEEPONFORK | 1 << MADV_COLD | 1 << MADV_PAGEOUT |
                           1 << MADV_WILLNEED | 1 << MADV_DONTNEED | 1 << MADV_FREE | 1 << MADV_HUGEPAGE |
                           1 << MADV_NOHUGEPAGE;
    struct vm_space *space = current_task()->space;
    vaddr_t end = address + page_round_up(bytes);
    if (advice > 31 || !(known >> advice & 1) || address & PAGE_MASK || wraps(address, bytes))
        return -EINVAL;
    if (end == address)
        return 0;
    if (advice == MADV_DONTNEED || advice == MADV_FREE)
        return vm_discard(space, address, end, advice == MADV_FREE);
#if KINE_OPTION_MEGAPAGE
    if (advice == MADV_HUGEPAGE || advice == MADV_NOHUGEPAGE)
        return vm_advise_mega(space, address, end, advice == MADV_HUGEPAGE ? MEGA_WANTED : MEGA_UNWANTED);
#endif
    rwlock_read(&space->map_lock);
    int error = vm_check_range(space, address, end, 0);
    rwlock_read_unlock(&space->map_lock);
    return error;
}

// Start and end are not used: fence.i knows no range (unprivileged spec, Zifencei).
int64_t sys_riscv_flush_icache(uint64_t, uint64_t, uint64_t flags)
{
    if (flags > 1)
        return -EINVAL;
    icache_sync();
    return 0;
}
