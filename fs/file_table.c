// SPDX-License-Identifier: MIT
//
// What a process has open, and where it stands: struct file_table and struct fs_context (fs/context.h).
// Called by proc/ (fork, exec, exit) and by system calls. A spin lock each, never held over file_put().

#include "fs/context.h"
#include "lib/bitmap.h"

#define FILES_FIRST 32

static struct slab_cache table_cache = SLAB_CACHE("file_table", struct file_table);
static struct slab_cache context_cache = SLAB_CACHE("fs_context", struct fs_context);

// Room for descriptors comes with the first of them.
struct file_table *file_table_create(void)
{
    struct file_table *table = slab_alloc(&table_cache);
    if (table) {
        table->refs = 1;
        spin_init(&table->lock, RANK_FILE_TABLE);
    }
    return table;
}

// Room for descriptor `fd`. 0 or -ENOMEM
static int grow(struct file_table *table, unsigned fd)
{
    unsigned capacity = FILES_FIRST;
    while (capacity <= fd)
        capacity *= 2;
    struct file **garbage = kmalloc(capacity * sizeof(*garbage));
    if (!garbage)
        return -ENOMEM;
    spin_lock(&table->lock);
    if (capacity > table->capacity) { // not grown by another thread meanwhile
        struct file **bigger = garbage;
        garbage = table->files;
        for (unsigned i = 0; i < table->capacity; i++)
            bigger[i] = garbage[i];
        table->files = bigger;
        table->capacity = capacity;
    }
    spin_unlock(&table->lock);
    kfree(garbage);
    return 0;
}

struct file_table *file_table_copy(struct file_table *table) NO_LOCK_ANALYSIS
{
    struct file_table *copy = file_table_create();
    if (!copy)
        return NULL;
    spin_lock(&table->lock);
    while (table->capacity > copy->capacity) {
        unsigned last = table->capacity - 1; // another thread may make it grow meanwhile
        spin_unlock(&table->lock);
        if (grow(copy, last)) {
            file_table_put(copy);
            return NULL;
        }
        spin_lock(&table->lock);
    }
    for (unsigned fd = 0; fd < table->capacity; fd++)
        if ((copy->files[fd] = table->files[fd]))
            file_get(copy->files[fd]);
    memcpy(copy->close_on_exec, table->close_on_exec, sizeof(copy->close_on_exec));
    spin_unlock(&table->lock);
    return copy;
}

void file_table_put(struct file_table *table)
{
    if (atomic_fetch_sub(&table->refs, 1) != 1)
        return;
    for (unsigned fd = 0; fd < table->capacity; fd++)
        if (table->files[fd])
            file_put(table->files[fd]);
    kfree(table->files);
    slab_free(&table_cache, table);
}

void file_table_close_on_exec(struct file_table *table)
{
    for (unsigned fd = 0; fd < table->capacity; fd++)
        if (bitmap_test(table->close_on_exec, fd))
            fd_close(table, (int)fd, NULL);
}

// => holds table->lock
static struct file *file_at(struct file_table *table, int fd)
{
    return fd >= 0 && (unsigned)fd < table->capacity ? table->files[fd] : NULL;
}

static void set_slot(struct file_table *table, int fd, struct file *file, bool close_on_exec)
{
    table->files[fd] = file;
    if (close_on_exec)
        bitmap_set(table->close_on_exec, (size_t)fd);
    else
        bitmap_clear(table->close_on_exec, (size_t)fd);
}

struct file *fd_get(int fd)
{
    struct file_table *table = current_files();
    spin_lock(&table->lock);
    struct file *file = file_at(table, fd);
    if (file)
        file_get(file);
    spin_unlock(&table->lock);
    return file;
}

int fd_close(struct file_table *table, int fd, const struct file *only)
{
    spin_lock(&table->lock);
    struct file *file = file_at(table, fd);
    if (only && file != only)
        file = NULL;
    if (file)
        set_slot(table, fd, NULL, false);
    spin_unlock(&table->lock);
    if (!file)
        return -EBADF;
    file_put(file);
    return 0;
}

int fd_find_free(int lowest)
{
    struct file_table *table = current_files();
    int error = lowest < 0 || lowest >= FILES_MOST ? -EINVAL : 0;
    while (!error) {
        spin_lock(&table->lock);
        unsigned fd = (unsigned)lowest, capacity = table->capacity;
        while (fd < capacity && table->files[fd])
            fd++;
        spin_unlock(&table->lock);
        if (fd < capacity)
            return (int)fd;
        error = fd < FILES_MOST ? grow(table, fd) : -EMFILE;
    }
    return error;
}

int fd_install(struct file *file, int lowest, bool close_on_exec)
{
    struct file_table *table = current_files();
    for (;;) {
        int fd = fd_find_free(lowest);
        if (fd < 0) {
            file_put(file);
            return fd;
        }
        spin_lock(&table->lock);
        bool taken = table->files[fd]; // by another thread since
        if (!taken)
            set_slot(table, fd, file, close_on_exec);
        spin_unlock(&table->lock);
        if (!taken)
            return fd;
    }
}

int fd_install_at(struct file *file, int fd, bool close_on_exec)
{
    struct file_table *table = current_files();
    struct file *unused = file;
    int error = fd < 0 || fd >= FILES_MOST ? -EBADF : 0;
    if (!error && (unsigned)fd >= table->capacity)
        error = grow(table, (unsigned)fd);
    if (!error) {
        spin_lock(&table->lock);
        unused = table->files[fd];
        set_slot(table, fd, file, close_on_exec);
        spin_unlock(&table->lock);
    }
    if (unused)
        file_put(unused);
    return error ? error : fd;
}

int fd_close_on_exec(int fd, int set)
{
    struct file_table *table = current_files();
    spin_lock(&table->lock);
    struct file *file = file_at(table, fd);
    int before = file ? bitmap_test(table->close_on_exec, (size_t)fd) : -EBADF;
    if (file && set >= 0)
        set_slot(table, fd, file, set);
    spin_unlock(&table->lock);
    return before;
}

struct fs_context *fs_context_create(void)
{
    struct fs_context *context = slab_alloc(&context_cache);
    if (context) {
        context->refs = 1;
        context->umask = 022;
        context->cwd = dentry_get(root_dentry());
        spin_init(&context->lock, RANK_FILE_TABLE);
    }
    return context;
}

struct dentry *fs_working_directory(void)
{
    struct fs_context *context = current_fs();
    spin_lock(&context->lock);
    struct dentry *cwd = dentry_get(context->cwd);
    spin_unlock(&context->lock);
    return cwd;
}

struct fs_context *fs_context_copy(void)
{
    struct fs_context *copy = fs_context_create();
    if (copy) {
        dentry_put(copy->cwd);
        copy->cwd = fs_working_directory();
        copy->umask = current_fs()->umask;
    }
    return copy;
}

void fs_context_put(struct fs_context *context)
{
    if (atomic_fetch_sub(&context->refs, 1) != 1)
        return;
    dentry_put(context->cwd);
    slab_free(&context_cache, context);
}

void fs_change_directory(struct dentry *directory)
{
    struct fs_context *context = current_fs();
    spin_lock(&context->lock);
    struct dentry *old = context->cwd;
    context->cwd = directory;
    spin_unlock(&context->lock);
    dentry_put(old);
}
