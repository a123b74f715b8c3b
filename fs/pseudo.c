// SPDX-License-Identifier: MIT
//
// /dev and /proc: file systems that exist only as tables of names. Both are one level of registered entries;
// /proc has besides a directory per process, whose names and texts proc/ provides. Called through inode_ops;
// entries are registered at boot, before anybody looks, so the tables need no lock.
//
//   inode number   1 root   2 + i entry i   pid << 16 directory of a process   (pid << 16) + 1 + i its file i

#include "fs/pseudo.h"
#include "lib/log.h"

#define ENTRIES_MOST     32
#define TEXT_BYTES_FIRST ((size_t)4 << 10)
#define TEXT_BYTES_MOST  ((size_t)1 << 20)
#define PID_SHIFT        16
#define PIDS             (2 + ENTRIES_MOST)

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

#define SUPER(self, number) {.type = #self, .device_number = number, .volatile_names = true, .data = &self}
static struct pseudo dev = {.super = SUPER(dev, 2)};
static struct pseudo proc = {.super = SUPER(proc, 3)};
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
    return proc.entries[inode->number - 2].show(text);
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

static int get_inode(struct super_block *super, uint64_t number, uint32_t mode, uint64_t device,
                     struct inode **out)
{
    bool fresh;
    struct inode *inode = *out = inode_get_cached(super, number, &fresh);
    if (!inode || !fresh)
        return inode ? 0 : -ENOMEM;
    inode->mode = mode;
    inode->device = device;
    inode->links = S_ISDIR(mode) ? 2 : 1;
    inode->ops = S_ISDIR(mode) ? &directory_ops : S_ISLNK(mode) ? &link_ops : &leaf_ops;
    inode->fops = S_ISREG(mode) ? &text_ops : NULL;
    inode_ready(inode, 0);
    return 0;
}

// The pid that a name is: digits only. 0: it is none.
static int pid_of(struct name name)
{
    int pid = 0;
    for (size_t i = 0; i < name.length; i++) {
        if (name.text[i] < (i ? '0' : '1') || name.text[i] > '9' || i == 9)
            return 0;
        pid = pid * 10 + (name.text[i] - '0');
    }
    return pid;
}

// The entry number `index` of the table, or the file of a process. Indices come from user space.
static bool entry_at(const struct inode *directory, uint64_t index, struct entry *entry, uint64_t *number)
{
    const struct pseudo *pseudo = directory->super->data;
    if (directory->number == 1 && index < pseudo->count) {
        *entry = pseudo->entries[index];
        *number = 2 + index;
    } else if (directory->number == 1) {
        return false;
    } else {
        for (uint64_t i = 0; i <= index; i++)
            if (!tasks->names[i])
                return false;
        *entry = (struct entry){.name = tasks->names[index], .mode = S_IFREG | 0444};
        *number = directory->number + 1 + index;
    }
    return true;
}

static bool has_processes(const struct inode *directory)
{
    return directory->super == &proc.super && directory->number == 1 && tasks;
}

static int lookup(struct inode *directory, struct name name, struct inode **out)
{
    struct entry entry;
    uint64_t number;
    for (uint64_t i = 0; entry_at(directory, i, &entry, &number); i++)
        if (strlen(entry.name) == name.length && !memcmp(entry.name, name.text, name.length))
            return get_inode(directory->super, number, entry.mode, entry.device, out);
    int pid = has_processes(directory) ? pid_of(name) : 0;
    if (!pid || tasks->next(pid - 1) != pid)
        return -ENOENT;
    return get_inode(directory->super, (uint64_t)pid << PID_SHIFT, S_IFDIR | 0555, 0, out);
}

// Position 0 is ".", 1 "..", 2 + i entry i; PIDS + n is what comes after process n.
static int readdir(struct inode *directory, uint64_t *position, readdir_emit *emit, void *context)
{
    for (uint64_t at, next;; *position = next) {
        char digits[12];
        at = *position;
        next = at + 1;
        struct entry entry = {.name = at ? ".." : ".", .mode = S_IFDIR};
        uint64_t number = at ? 1 : directory->number;
        if (at >= 2 && !entry_at(directory, at - 2, &entry, &number)) {
            bool more = has_processes(directory) && at < INT32_MAX;
            int pid = more ? tasks->next(at < PIDS ? 0 : (int)(at - PIDS)) : 0;
            if (!pid)
                return 0;
            format(digits, sizeof(digits), "%d", pid);
            entry.name = digits;
            number = (uint64_t)pid << PID_SHIFT;
            next = PIDS + (uint64_t)pid;
        }
        struct name name = {entry.name, strlen(entry.name)};
        if (!emit(context, name, number, (entry.mode & S_IFMT) >> 12, next)) // DT_* are the types of S_IFMT
            return 0;
    }
}

static int read_self(struct inode *, char *buffer, size_t bytes)
{
    return tasks ? format(buffer, bytes, "%d", tasks->self()) : -ENOENT;
}

static const struct inode_ops directory_ops = {.lookup = lookup, .readdir = readdir};
static const struct inode_ops link_ops = {.readlink = read_self};
static const struct inode_ops leaf_ops = {0};

// --- devices of no machine, registration, mounting ---------------------------------------------------------

static int64_t null_read(struct file *, user_ptr_t, size_t, uint64_t *)
{
    return 0;
}

static int64_t null_write(struct file *, user_ptr_t, size_t bytes, uint64_t *)
{
    return (int64_t)bytes;
}

static int64_t zero_read(struct file *, user_ptr_t buffer, size_t bytes, uint64_t *)
{
    int error = clear_user(buffer, bytes);
    return error ? error : (int64_t)bytes;
}

static const struct file_ops null_ops = {.read = null_read, .write = null_write};
static const struct file_ops zero_ops = {.read = zero_read, .write = null_write, .zero_memory = true};

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
