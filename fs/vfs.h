// SPDX-License-Identifier: MIT
//
// The virtual file system: what a file, a name and a mounted file system are, whatever stores them.
//
//   fd --> struct file --> struct dentry --> struct inode --> vm_object (page cache)
//                           name in a tree    the file itself
//
// A file system implements inode_ops (and file_ops where its files are not page-cached bytes). Regular
// files and directories on disk use the generic ones of fs/generic.c over inode.pages.

#ifndef FS_VFS_H
#define FS_VFS_H

#include "lib/list.h"
#include "lib/sleeplock.h"
#include "mm/object.h"
#include "mm/uaccess.h"
#include "uapi/stat.h"

#define NAME_BYTES_MOST 255  // NAME_MAX
#define PATH_BYTES_MOST 4096 // PATH_MAX, with the terminator
#define SYMLINKS_MOST   40   // as Linux: then ELOOP

struct dentry;
struct file;
struct inode;
struct super_block;

// Letters: I inode.lock; H inode hash lock (spin); C constant; A atomic.
struct inode {
    uint64_t number;              // C
    struct super_block *super;    // C
    const struct inode_ops *ops;  // C
    const struct file_ops *fops;  // C  default file operations of an open of this inode
    struct rwlock lock;           // size, block map, directory contents
    uint32_t mode;                // I  S_IFMT and permissions
    uint32_t links;               // I
    uint32_t uid, gid;            // I
    uint64_t size;                // I  bytes
    uint64_t blocks;              // I  512-byte units in use
    int64_t atime, mtime, ctime;  // I  seconds
    uint64_t device;              // C  major << 8 | minor of a special file
    bool dirty;                   // I  must be written by ops->write_inode
    struct vm_object pages;       // page cache; unused for special files
    void *data;                   // C  the file system's own (ext2: block map; pseudo: entry)
    _Atomic uint32_t refs;        // A  0: cached, unused
    struct list_node hash, lru;   // H
};

struct inode_ops {
    // Directories. => directory.lock held for write (lookup: read). Names are not terminated by `length`.
    // lookup: => returns 0 with a reference, -ENOENT
    int (*lookup)(struct inode *directory, const char *name, size_t length, struct inode **out);
    int (*create)(struct inode *directory, const char *name, size_t length, uint32_t mode, uint64_t device,
                  struct inode **out); // regular, fifo, device; S_IFDIR makes a directory
    int (*symlink)(struct inode *directory, const char *name, size_t length, const char *target,
                   struct inode **out);
    int (*link)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    int (*unlink)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    int (*rmdir)(struct inode *directory, const char *name, size_t length, struct inode *inode);
    int (*rename)(struct inode *old_directory, const char *old_name, size_t old_length, struct inode *inode,
                  struct inode *new_directory, const char *new_name, size_t new_length,
                  struct inode *replaced); // replaced: NULL or what new_name was
    // Entries from *position on: emit returns false when full. *position is the file system's own cookie.
    int (*readdir)(struct inode *directory, uint64_t *position,
                   bool (*emit)(void *context, const char *name, size_t length, uint64_t number,
                                unsigned type, uint64_t next_position),
                   void *context);
    int (*readlink)(struct inode *inode, char *buffer, size_t bytes); // => returns the length
    // Files. => inode.lock held for write
    int (*truncate)(struct inode *inode, uint64_t size); // blocks and size; the page cache is done by the VFS
    int (*reserve)(struct inode *inode, uint64_t page); // storage for one page that will be dirtied: -ENOSPC here, not later
    int (*write_inode)(struct inode *inode);
    void (*evict)(struct inode *inode); // last reference to an inode leaves the cache; links == 0: free it
};

struct super_block {
    const char *type;           // "ext2", "proc", "dev"
    struct block_device *device; // NULL for pseudo file systems
    uint64_t device_number;     // st_dev
    uint32_t block_bytes;
    bool read_only;
    struct inode *root;
    int (*sync)(struct super_block *super);
    int (*statfs)(struct super_block *super, uint64_t *blocks, uint64_t *free_blocks, uint64_t *inodes,
                  uint64_t *free_inodes);
    void *data;
};

// Inode cache. => get returns a referenced inode; *fresh: the caller fills it in and calls inode_ready().
// NULL when out of memory.
struct inode *inode_get_cached(struct super_block *super, uint64_t number, bool *fresh);
void inode_ready(struct inode *inode, int error); // error: the inode is dropped, waiters get the error
struct inode *inode_hold(struct inode *inode);
void inode_put(struct inode *inode); // may sleep (evict)
int inodes_sync(struct super_block *super); // dirty pages and dirty inodes; NULL: all file systems

struct dentry {
    struct dentry *parent; // root: itself
    struct inode *inode;   // NULL: known not to exist
    _Atomic uint32_t refs;
    struct list_node hash, lru;
    struct mount *mounted; // something is mounted here
    uint8_t length;
    char name[];
};

struct mount {
    struct super_block *super;
    struct dentry *root;
    struct mount *parent; // NULL: the root file system
    struct dentry *point; // in parent
    struct list_node node;
};

struct path {
    struct mount *mount;
    struct dentry *dentry;
};
void path_get(struct path path);
void path_put(struct path path);

// Mounting. Names a super block maker under a type.
int mount_root(struct super_block *super);
int mount_at(const char *path, struct super_block *super);
int vfs_sync(void); // everything, then flush the devices

// Path walk. `base` is where relative paths start. => returns with references
enum { LOOKUP_FOLLOW = 1, LOOKUP_DIRECTORY = 2, LOOKUP_PARENT = 4 };
[[nodiscard]] int path_lookup(const struct path *base, const char *name, unsigned flags, struct path *out);
// The directory that holds the last component, and that component (LOOKUP_PARENT form).
[[nodiscard]] int path_lookup_parent(const struct path *base, const char *name, struct path *directory,
                                     char last[NAME_BYTES_MOST + 1]);
// Absolute name. => returns the length with terminator, -ERANGE
int path_name(const struct path *root, const struct path *path, char *buffer, size_t bytes);

struct file_ops {
    int64_t (*read)(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position);
    int64_t (*write)(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position);
    int (*ioctl)(struct file *file, uint64_t request, uint64_t argument);
    unsigned (*poll)(struct file *file); // POLLIN | POLLOUT | ... now; NULL: always ready
    int (*open)(struct file *file);
    void (*release)(struct file *file);  // last reference
    bool seekable;
};

struct file {
    _Atomic uint32_t refs;
    uint32_t flags;          // O_*; O_NONBLOCK and O_APPEND change by fcntl
    const struct file_ops *ops;
    struct path path;        // dentry NULL for pipes
    struct inode *inode;     // NULL for pipes
    uint64_t position;       // P
    struct mutex position_lock; // P  RANK_FILE
    void *data;              // pipes, tty, generated text
};
void file_get(struct file *file);
void file_put(struct file *file); // may sleep

[[nodiscard]] int vfs_open(const struct path *base, const char *name, uint32_t flags, uint32_t mode,
                           struct file **out);
// Bytes of a regular file into kernel memory (exec). => returns bytes read, 0 at the end, -errno
[[nodiscard]] int64_t vfs_read_kernel(struct file *file, uint64_t offset, void *buffer, size_t bytes);
// May the file be executed: regular and an x bit. 0, -EACCES
int vfs_may_execute(struct file *file);
void inode_fill_stat(struct inode *inode, struct stat *stat);

#endif
