// SPDX-License-Identifier: MIT
//
// See exec_world.h. Includes what it surrounds: half of exec.c is reached only from its own functions.

#include "proc/exec.c"
#include "mm/object.h"
#include "tests/fuzz/exec_world.h"
#include "tests/host/check.h"

#define REGIONS_MOST (2 * ELF_SEGMENTS_MOST + 1)

struct exec_result exec_result;
static struct vm_map_request regions[REGIONS_MOST];
static unsigned region_count, spaces, open_files, blocks, fail_countdown;
static uint8_t *stack;
static struct vm_space old_space, new_space;
static struct file_table files = {.refs = 1};
static struct process process;
static struct task task = {.process = &process, .space = &old_space, .files = &files};
struct arch_thread *fake_thread = &task.thread;
struct spinlock task_tree_lock = SPINLOCK_INIT(RANK_TASKS);

// ---- memory ----

void *kmalloc(size_t bytes)
{
    if (bytes > (size_t)2 << 20 || (fail_countdown && --fail_countdown == 0))
        return NULL;
    blocks++;
    return calloc(1, bytes);
}

void kfree(void *memory)
{
    blocks -= memory != NULL;
    free(memory);
}

struct vm_space *vm_space_create(void)
{
    spaces++;
    return &new_space;
}

void vm_space_put(struct vm_space *space)
{
    CHECK(space == &old_space || spaces-- == 1);
}

static const struct vm_map_request *region_at(vaddr_t va)
{
    for (unsigned i = 0; i < region_count; i++)
        if (va - regions[i].address < regions[i].bytes)
            return &regions[i];
    return NULL;
}

int vm_map(struct vm_space *space, const struct vm_map_request *request, vaddr_t *out)
{
    vaddr_t start = request->address, end = start + request->bytes;
    CHECK(space == &new_space && request->fixed && request->no_replace);
    if ((start | request->bytes) & PAGE_MASK || !request->bytes || start < USER_START || end > USER_END ||
        end < start)
        return -EINVAL;
    for (unsigned i = 0; i < region_count; i++)
        if (start < regions[i].address + regions[i].bytes && regions[i].address < end)
            return -EEXIST;
    CHECK(region_count < REGIONS_MOST && (request->kind == VM_FILE_PRIVATE) == (request->object != NULL));
    CHECK(!request->object || request->object_page <= INT64_MAX >> PAGE_SHIFT);
    regions[region_count++] = *request;
    if (request->kind == VM_STACK) {
        CHECK(!stack && request->bytes <= (size_t)16 << 20);
        size_t used = request->bytes - STACK_ROOM; // what the arguments may take
        stack = malloc(used);
        exec_result.stack = stack + used;
        exec_result.stack_top = end;
    }
    *out = start;
    return 0;
}

int clear_user(user_ptr_t destination, size_t bytes)
{
    const struct vm_map_request *region = region_at(destination.address);
    if (bytes == 0)
        return 0;
    CHECK(bytes < PAGE_SIZE && region && region->prot & PT_W && task.space == &new_space);
    CHECK(region_at(destination.address + bytes - 1) == region);
    uint64_t page = region->object_page + ((destination.address - region->address) >> PAGE_SHIFT);
    return region->object && page >= region->object->size_pages ? -EFAULT : 0;
}

// All that is written to the new space is the stack, and no more than was said.
int copy_to_user(user_ptr_t destination, const void *source, size_t bytes)
{
    CHECK(stack && task.space == &new_space && bytes <= exec_result.stack_top - destination.address);
    memcpy((uint8_t *)exec_result.stack - (exec_result.stack_top - destination.address), source, bytes);
    return 0;
}

int copy_from_user(void *destination, user_ptr_t source, size_t bytes)
{
    CHECK(task.space == &old_space);
    memcpy(destination, (void *)source.address, bytes);
    return 0;
}

int64_t copy_string_from_user(char *destination, user_ptr_t source, size_t bytes)
{
    size_t length = strnlen((const char *)source.address, bytes);
    CHECK(task.space == &old_space);
    memcpy(destination, (void *)source.address, length < bytes ? length + 1 : bytes);
    return length < bytes ? (int64_t)length : -ENAMETOOLONG;
}

// ---- files: one, by whatever name ----

static struct inode inode;
static const uint8_t *contents;

int vfs_open(struct dentry *base, const char *name, uint32_t flags, uint32_t mode, struct file **out)
{
    (void)base, (void)flags, (void)mode;
    if (!*name)
        return -ENOENT;
    exec_result.opens++;
    open_files++;
    *out = calloc(1, sizeof(**out));
    (*out)->inode = &inode;
    return 0;
}

void file_put(struct file *file)
{
    open_files--;
    free(file);
}

int vfs_may_execute(struct file *file)
{
    (void)file;
    return 0;
}

int64_t vfs_read_kernel(struct file *file, uint64_t offset, void *buffer, size_t bytes)
{
    CHECK(offset == 0 && file->inode == &inode);
    memcpy(buffer, contents, least(bytes, inode.size));
    return (int64_t)least(bytes, inode.size);
}

// ---- the process ----

struct vm_space *task_enter_space(struct vm_space *space)
{
    struct vm_space *left = task.space;
    task.space = space;
    return left;
}

void arch_user_frame_init(struct arch_thread *thread, uint64_t pc, uint64_t sp)
{
    CHECK(thread == &task.thread);
    exec_result.entry = pc;
    exec_result.stack_pointer = sp;
}

void system_random(void *buffer, size_t bytes)
{
    memset(buffer, 0x5a, bytes);
}

int process_end_other_threads(void)
{
    return 0;
}

void vfork_end(struct task *child)
{
    (void)child;
}

void file_table_close_on_exec(struct file_table *table)
{
    (void)table;
}

struct file_table *file_table_copy(struct file_table *table)
{
    CHECK(!"called: nobody shares it");
    return table;
}

void file_table_put(struct file_table *table)
{
    (void)table;
}

int64_t exec_world_run(const uint8_t *file, size_t bytes, const char *const *argv, const char *const *envp,
                       unsigned fail_at)
{
    contents = file;
    inode.size = bytes;
    inode.pages.size_pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
    exec_result = (struct exec_result){0};
    fail_countdown = fail_at;
    int64_t result = sys_execve((uint64_t)"/program", (uint64_t)argv, (uint64_t)envp);
    CHECK(task.space == (result == 0 ? &new_space : &old_space) && open_files == 0 && blocks == 0);
    CHECK(spaces == (result == 0));
    return result;
}

void exec_world_end(void)
{
    free(stack);
    stack = NULL;
    region_count = spaces = 0;
    task.space = &old_space;
}
