// SPDX-License-Identifier: MIT
//
// What /proc shows: the machine's memory, the audit, and per process stat, maps and kine_map. The texts
// follow proc(5); kine_map is Kine's own (lib/uapi/kine.h).

#include "fs/pseudo.h"
#include "mm/audit.h"
#include "mm/swap.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "uapi/errno.h"

static int show_meminfo(struct text *text)
{
    const uint64_t page_kib = PAGE_SIZE / 1024;
    text_append(text, "MemTotal: %8lu kB\nMemFree:  %8lu kB\nCached:   %8lu kB\nDirty:    %8lu kB\n"
                      "SwapTotal:%8lu kB\nSwapFree: %8lu kB\nAnonHugePages: %8lu kB\n",
                frame_span.usable_pages * page_kib, frame_free_count() * page_kib, vm_cached_pages * page_kib,
                vm_dirty_pages * page_kib, swap_total_count() * page_kib, swap_free_count() * page_kib,
                pt_mega_count() * (TABLE_SPAN / 1024));
    return 0;
}

static int show_uptime(struct text *text)
{
    uint64_t hundredths = clock_ns() / 10000000;
    text_append(text, "%lu.%02lu 0.00\n", hundredths / 100, hundredths % 100);
    return 0;
}

static int show_audit(struct text *text)
{
    int mismatches = mm_audit(text);
    if (mismatches < 0)
        return mismatches;
    if (mismatches)
        text_append(text, "audit: %d mismatches\n", mismatches);
    else
        text_append(text, "audit: exact\n");
    return 0;
}

// The address space of a process, with a reference; NULL for kernel threads and zombies, *error when gone.
static struct vm_space *space_of(int pid, int *error)
{
    spin_lock(&task_tree_lock);
    struct process *process = process_by_pid(pid);
    struct vm_space *space = process ? process_space(process) : NULL;
    if (space)
        vm_space_get(space);
    spin_unlock(&task_tree_lock);
    *error = process ? 0 : -ESRCH;
    return space;
}

static void count_leaf(void *context, vaddr_t, const struct pt_leaf *leaf)
{
    struct page_count *count = context;
    count->swapped += leaf->class == PT_SWAPPED;
    count->present += leaf->frame != NULL;
    count->shared += leaf->frame && leaf->shared;
    count->private += leaf->frame && !leaf->shared;
}

struct page_count count_pages(struct vm_space *space, vaddr_t start, vaddr_t end)
{
    struct page_count count = {0};
    pt_for_each_leaf(&space->pt, start, end, count_leaf, &count);
    return count;
}

struct usage {
    uint64_t virtual_bytes, resident_pages;
};

static struct usage space_usage(struct vm_space *space)
{
    struct usage usage = {0};
    rwlock_read(&space->map_lock);
    for (struct rb_node *node = rb_first(&space->regions); node; node = rb_next(node)) {
        struct vm_region *region = container_of(node, struct vm_region, by_address);
        usage.virtual_bytes += region->end - region->start;
    }
    usage.resident_pages = count_pages(space, 0, USER_END).present;
    rwlock_read_unlock(&space->map_lock);
    return usage;
}

static int show_stat(int pid, struct text *text)
{
    int error;
    struct vm_space *space = space_of(pid, &error);
    struct usage usage = {0};
    if (space) {
        usage = space_usage(space);
        vm_space_put(space);
    }
    spin_lock(&task_tree_lock);
    struct process *process = process_by_pid(pid);
    if (process) {
        uint64_t ticks = process_spent(process).run_ns / 10000000; // AT_CLKTCK is 100
        text_append(text, "%d (%s) %c %d %d %d 0 0 0 0 0 0 0 %lu 0 0 0 20 0 %u 0 0 %lu %lu\n", process->pid,
                    process->name, process_state_letter(process), process->parent ? process->parent->pid : 0,
                    process->process_group, process->session, ticks, process->thread_count,
                    usage.virtual_bytes, usage.resident_pages);
    }
    spin_unlock(&task_tree_lock);
    return process ? 0 : -ESRCH;
}

static void append_permissions(struct text *text, const struct vm_region *region)
{
    text_append(text, "%lx-%lx %c%c%c%c", region->start, region->end, region->prot & PT_R ? 'r' : '-',
                region->prot & PT_W ? 'w' : '-', region->prot & PT_X ? 'x' : '-',
                region->kind == VM_SHARED ? 's' : 'p');
}

#define NAME_BYTES 256 // a path that is longer is not told

// The heap is found by its place, the stack by its kind, a file by its path, which may be changing: so it is
// copied to `path`. => holds map_lock
static const char *region_name(const struct vm_region *region, char path[NAME_BYTES])
{
    const struct file *file = region->file;
    if (file && file->dentry)
        return dentry_path(file->dentry, path, NAME_BYTES) > 0 ? path : "(deleted)";
    if (region->kind == VM_STACK)
        return "[stack]";
    const struct vm_space *space = region->space;
    return region->end > space->brk_start && region->start < space->brk_end ? "[heap]" : "";
}

static void append_maps_line(struct text *text, struct vm_region *region)
{
    const struct file *file = region->file;
    char path[NAME_BYTES];
    append_permissions(text, region);
    text_append(text, " %08lx 00:00 %lu %s\n", region->object_page << PAGE_SHIFT,
                file && file->inode ? file->inode->number : 0, region_name(region, path));
}

static void append_kine_map_line(struct text *text, struct vm_region *region)
{
    static const char *const kinds[VM_KINDS] = {"anon", "stack", "file", "shared"};
    struct page_count count = count_pages(region->space, region->start, region->end);
    char path[NAME_BYTES];
    const char *name = region_name(region, path);
    append_permissions(text, region);
    text_append(text, " %s %lu %lu %lu %lu %s\n", kinds[region->kind],
                (region->end - region->start) >> PAGE_SHIFT, count.present, count.shared, count.private,
                *name ? name : "-");
}

static int show_regions(int pid, struct text *text, void (*line)(struct text *, struct vm_region *))
{
    int error;
    struct vm_space *space = space_of(pid, &error);
    if (!space)
        return error;
    rwlock_read(&space->map_lock);
    for (struct rb_node *node = rb_first(&space->regions); node; node = rb_next(node))
        line(text, container_of(node, struct vm_region, by_address));
    rwlock_read_unlock(&space->map_lock);
    vm_space_put(space);
    return 0;
}

static int show_task(int pid, unsigned name_index, struct text *text)
{
    if (name_index == 0)
        return show_stat(pid, text);
    return show_regions(pid, text, name_index == 1 ? append_maps_line : append_kine_map_line);
}

static int next_pid(int after)
{
    spin_lock(&task_tree_lock);
    struct process *process = process_after_pid(after);
    int pid = process ? process->pid : 0;
    spin_unlock(&task_tree_lock);
    return pid;
}

static int own_pid(void)
{
    return current_task()->process->pid;
}

void proc_files_init(void)
{
    static const char *const names[] = {"stat", "maps", "kine_map", NULL};
    static const struct proc_tasks provider = {
        .next = next_pid, .self = own_pid, .names = names, .show = show_task};
    proc_register("meminfo", show_meminfo);
    proc_register("uptime", show_uptime);
    proc_register("audit", show_audit);
    proc_register_tasks(&provider);
}
