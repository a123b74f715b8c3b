// SPDX-License-Identifier: MIT
//
// /dev and /proc: file systems that exist only as tables of names. Both are one level of registered entries;
// /proc has besides a directory per process, whose names and texts proc/ provides. Called through inode_ops;
// entries are registered at boot, before anybody looks, so the tables need no lock.
//
//   inode number   1 root    2 + i entry i    pid << 16 directory of a process    (pid << 16) + 1 + i its file i

#include "fs/pseudo.h"
#include "lib/log.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "uapi/dirent.h"
#include "uapi/errno.h"

#define ENTRIES_MOST     32
#define TEXT_BYTES_FIRST ((size_t)4 << 10)
#define TEXT_BYTES_MOST  ((size_t)1 << 20)
#define PID_SHIFT        16

struct entry {
    const char *name;
    uint32_t mode;
    uint64_t device;
    const struct file_ops *ops;
    pseudo_show show;
};
struct pseudo {
    struct super_block super;
    struct entry entries[ENTRIES_MOST];
    unsigned count;
};

static struct pseudo dev = {.super = {.type = "dev", .device_number = 2, .volatile_names = true, .data = &dev}};
static struct pseudo proc = {.super = {.type = "proc", .device_number = 3, .volatile_names = true, .data = &proc}};
static const struct proc_tasks *tasks; // NULL until registered
static const struct inode_ops directory_ops, link_ops, leaf_ops;

static void add(struct pseudo *pseudo, const struct entry *entry)
{
    if (pseudo->count == ENTRIES_MOST)
        panic("/%s: no room for %s", pseudo->super.type, entry->name);
    pseudo->entries[pseudo->count++] = *entry;
}

// --- texts ------------------------------------------------------------------------------------------------

static int generate(struct inode *inode, struct text *text)
{
    if (inode->number >> PID_SHIFT)
        return tasks->show((int)(inode->number >> PID_SHIFT), (unsigned)(inode->number & 0xffff) - 1, text);
    return proc.entries[inode->number - 2].show(text, 0);
}

// The whole text, at open: what a reader sees piece by piece belongs together.
static int text_open(struct file *file)
{
    for (size_t bytes = TEXT_BYTES_FIRST; bytes <= TEXT_BYTES_MOST; bytes *= 2) {
        struct text *text = kmalloc(sizeof(*text) + bytes);
        if (!text)
            return -ENOMEM;
        *text = (struct text){.buffer = (char *)(text + 1), .capacity = bytes};
        int error = generate(file->inode, text);
        if (!error && !text->truncated) {
            file->data = text;
            return 0;
        }
        kfree(text);
        if (error)
            return error;
    }
    return -EFBIG;
}

static int64_t text_read(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    const struct text *text = file->data;
    if (*position >= text->length)
        return 0;
    size_t left = text->length - *position, count = bytes < left ? bytes : left;
    int error = copy_to_user(buffer, text->buffer + *position, count);
    *position += error ? 0 : count;
    return error ? error : (int64_t)count;
}

static void text_release(struct file *file)
{
    kfree(file->data);
}

static const struct file_ops text_ops = {
    .open = text_open, .read = text_read, .release = text_release, .seekable = true};

// --- names ------------------------------------------------------------------------------------------------

static int get_inode(struct super_block *super, uint64_t number, uint32_t mode, uint64_t device, struct inode **out)
{
    bool fresh;
    struct inode *inode = *out = inode_get_cached(super, number, &fresh);
    if (!inode || !fresh)
        return inode ? 0 : -ENOMEM;
    inode->mode = mode;
    inode->device = device;
    inode->links = S_ISDIR(mode) ? 2 : 1;
    inode->atime = inode->mtime = inode->ctime = vfs_now();
    inode->ops = S_ISDIR(mode) ? &directory_ops : S_ISLNK(mode) ? &link_ops : &leaf_ops;
    inode->fops = S_ISREG(mode) ? &text_ops : NULL;
    inode_ready(inode, 0);
    return 0;
}

// The pid that a name is: digits only. 0: it is none.
static int pid_of(const char *name, size_t length)
{
    int pid = 0;
    for (size_t i = 0; i < length; i++) {
        if (name[i] < (i ? '0' : '1') || name[i] > '9' || i == 9)
            return 0;
        pid = pid * 10 + (name[i] - '0');
    }
    return pid;
}

static bool same(const char *name, size_t length, const char *other)
{
    return strlen(other) == length && !memcmp(name, other, length);
}

static int lookup(struct inode *directory, const char *name, size_t length, struct inode **out)
{
    const struct pseudo *pseudo = directory->super->data;
    uint64_t pid = directory->number >> PID_SHIFT;
    for (unsigned i = 0; pid && tasks->names[i]; i++)
        if (same(name, length, tasks->names[i]))
            return get_inode(directory->super, directory->number + 1 + i, S_IFREG | 0444, 0, out);
    for (unsigned i = 0; !pid && i < pseudo->count; i++) {
        const struct entry *entry = &pseudo->entries[i];
        if (same(name, length, entry->name))
            return get_inode(directory->super, 2 + i, entry->mode, entry->device, out);
    }
    pid = !pid && pseudo == &proc && tasks ? (uint64_t)pid_of(name, length) : 0;
    if (!pid || !tasks->exists((int)pid))
        return -ENOENT;
    return get_inode(directory->super, pid << PID_SHIFT, S_IFDIR | 0555, 0, out);
}

typedef bool (*emit_function)(void *, const char *, size_t, uint64_t, unsigned, uint64_t);

// What is at `position`: 0 ".", 1 "..", 2 + i the table's entry i or the process's file i; in /proc then the
// processes, from 2 + ENTRIES_MOST + pid on the one after pid. => returns its name, NULL at the end. Positions come from user space.
static const char *name_at(const struct inode *directory, uint64_t *position, char digits[12], uint64_t *number,
                           unsigned *type)
{
    const struct pseudo *pseudo = directory->super->data;
    uint64_t pid = directory->number >> PID_SHIFT, at = *position, index = at - 2;
    *number = at ? 1 : directory->number;
    *type = DT_DIR;
    if (at < 2)
        return at ? ".." : ".";
    if (pid) {
        uint64_t count = 0;
        while (count <= index && tasks->names[count])
            count++;
        *number = directory->number + 1 + index;
        *type = DT_REG;
        return index < count ? tasks->names[index] : NULL;
    }
    if (index < pseudo->count) {
        *number = at;
        *type = (pseudo->entries[index].mode & S_IFMT) >> 12; // the DT_ constants are made so
        return pseudo->entries[index].name;
    }
    if (pseudo != &proc || !tasks || index > INT32_MAX)
        return NULL;
    int next = tasks->next(index < ENTRIES_MOST ? 0 : (int)(index - ENTRIES_MOST));
    *position = 2 + ENTRIES_MOST + (uint64_t)next - 1; // the one after it asks for what follows this pid
    *number = (uint64_t)next << PID_SHIFT;
    format(digits, 12, "%d", next);
    return next ? digits : NULL;
}

static int readdir(struct inode *directory, uint64_t *position,
                   bool (*emit)(void *, const char *, size_t, uint64_t, unsigned, uint64_t), void *context)
{
    for (;; ++*position) {
        char digits[12];
        uint64_t number, at = *position;
        unsigned type;
        const char *name = name_at(directory, &at, digits, &number, &type);
        if (!name || !emit(context, name, strlen(name), number, type, at + 1))
            return 0;
        *position = at;
    }
}

static int read_self(struct inode *inode, char *buffer, size_t bytes)
{
    (void)inode;
    return tasks ? format(buffer, bytes, "%d", tasks->self()) : -ENOENT;
}

static const struct inode_ops directory_ops = {.lookup = lookup, .readdir = readdir};
static const struct inode_ops link_ops = {.readlink = read_self};
static const struct inode_ops leaf_ops = {0};

// --- devices of no machine, registration, mounting ------------------------------------------------------------

static int64_t null_read(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    (void)file, (void)buffer, (void)bytes, (void)position;
    return 0;
}

static int64_t null_write(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    (void)file, (void)buffer, (void)position;
    return (int64_t)bytes;
}

static int64_t zero_read(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    (void)file, (void)position;
    int error = clear_user(buffer, bytes);
    return error ? error : (int64_t)bytes;
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write};
static const struct file_ops zero_ops = {.read = zero_read, .write = null_write};

void proc_register(const char *name, pseudo_show show)
{
    add(&proc, &(struct entry){.name = name, .mode = S_IFREG | 0444, .show = show});
}

void dev_register(const char *name, uint32_t mode, uint64_t device, const struct file_ops *ops)
{
    add(&dev, &(struct entry){.name = name, .mode = S_IFCHR | mode, .device = device, .ops = ops});
}

void proc_register_tasks(const struct proc_tasks *provided)
{
    tasks = provided;
    add(&proc, &(struct entry){.name = "self", .mode = S_IFLNK | 0777});
}

const struct file_ops *dev_find(uint64_t device)
{
    for (unsigned i = 0; i < dev.count; i++)
        if (dev.entries[i].device == device)
            return dev.entries[i].ops;
    return NULL;
}

static void mount_pseudo(const char *path, struct super_block *super)
{
    int error = get_inode(super, 1, S_IFDIR | 0755, 0, &super->root);
    if (!error)
        error = mount_at(path, super);
    if (error)
        log_warn("%s cannot be mounted: error %d", path, -error);
}

void pseudo_mount(void)
{
    dev_register("null", 0666, 1 << 8 | 3, &null_ops);
    dev_register("zero", 0666, 1 << 8 | 5, &zero_ops);
    mount_pseudo("/dev", &dev.super);
    mount_pseudo("/proc", &proc.super);
}
