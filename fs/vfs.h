// SPDX-License-Identifier: MIT
//
// The virtual file system: what a file, a name and a mounted file system are, whatever stores them.
//
//   fd --> struct file --> struct dentry --> struct inode --> vm_object (page cache)
//                           name in a tree    the file itself
//
// A file system implements inode_ops, and file_ops where its files are not page-cached bytes; inode.fops left
// NULL means the ones of fs/generic.c over inode.pages. An inode stays in memory while it is referenced; a
// dentry, which is a name's answer, also when the answer is "nothing", for a while longer, and its inode with
// it. Mounts are made at boot and stay. No function here is called with a spin lock held.
#pragma once

#include "lib/clock.h"
#include "lib/list.h"
#include "lib/sleeplock.h"
#include "lib/string.h"
#include "mm/object.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "uapi/errno.h"
#include "uapi/limits.h"
#include "uapi/stat.h"

struct dentry;
struct file;
struct inode;
struct super_block;

enum inode_state { INODE_NEW, INODE_READY, INODE_EVICTING }; // others wait unless READY

// Letters: I inode.lock; H inode hash lock (spin); C constant.
struct inode {
    uint64_t number;              // C
    struct super_block *super;    // C
    const struct inode_ops *ops;  // C
    const struct file_ops *fops;  // C  NULL until inode_ready(): the generic ones for the mode
    struct rwlock lock;           // size, block map, directory contents; RANK_DIRECTORY or RANK_INODE
    uint32_t mode;                // I  S_IFMT and permissions
    uint32_t links;               // I
    uint32_t uid, gid;            // I
    uint64_t size;                // I  bytes
    uint64_t blocks;              // I  512-byte units in use
    int64_t atime, mtime, ctime;  // I  seconds, of vfs_now(), which a new inode has
    uint64_t device;              // C  major << 8 | minor of a special file
    bool dirty;                   // I  must be written by ops->write_inode
    struct vm_object pages;       // page cache (RANK_OBJECT), set up by the file system; ops NULL: has none
    uint64_t own[10];             //    the file system's own (ext2: block map)
    bool named;                   // D  a directory: a dentry that can be found has it
    uint32_t refs;                // H
    enum inode_state state;       // H
    struct list_node hash, all;   // H
};

struct name { // of an entry of a directory: never "." or "..", not terminated
    const char *text;
    size_t length; // 1 .. NAME_MAX
};

// type: DT_*; next: the position of the next one. => returns false when it has no room for the entry
typedef bool readdir_emit(void *context, struct name name, uint64_t number, unsigned type, uint64_t next);

struct new_file {
    uint32_t mode;      // type and permissions
    uint64_t device;    // of a special file
    const char *target; // of a symbolic link
};

struct inode_ops {
    // Directories. => directory.lock held for write (lookup, readdir: read), and for write those of `inode`
    // and `replaced`: they may be changed, and must not be locked again. A removed directory has links == 0.
    int (*lookup)(struct inode *directory, struct name name, struct inode **out); // with a reference; -ENOENT
    int (*create)(struct inode *directory, struct name name, const struct new_file *what, struct inode **out);
    int (*link)(struct inode *directory, struct name name, struct inode *inode);
    int (*unlink)(struct inode *directory, struct name name, struct inode *inode); // or rmdir
    // replaced: NULL or what new_name was, of a fitting type; -ENOTEMPTY when that is a directory in use
    int (*rename)(struct inode *old_directory, struct name old_name, struct inode *inode,
                  struct inode *new_directory, struct name new_name, struct inode *replaced);
    // Entries from *position on, which is the file system's own cookie, until emit returns false: it is full.
    int (*readdir)(struct inode *directory, uint64_t *position, readdir_emit *emit, void *context);
    int (*readlink)(struct inode *inode, char *buffer, size_t bytes); // => holds no lock; returns the length
    // Files. => inode.lock held for write
    int (*truncate)(struct inode *inode, uint64_t size); // blocks and size; the page cache is done by the VFS
    int (*write_inode)(struct inode *inode); // or nobody else has it (eviction) and no lock is held
    // The inode leaves the cache for good, links == 0: free it on disk. => nobody else has it; no lock of the VFS is
    // held or may be taken, but the caller may hold vm_space.map_lock. The pages are dropped afterwards.
    int (*evict)(struct inode *inode); // -ENOMEM: it stays, and is asked again by the next sync
};

struct super_block {
    const char *type;           // "ext2", "proc", "dev"
    struct block_device *device; // NULL for pseudo file systems
    uint64_t device_number;     // st_dev
    uint32_t block_bytes;
    bool read_only;
    bool volatile_names;         // names come and go by themselves (/proc): nothing is cached
    struct inode *root;          // consumed by mount_at()
    struct dentry *top;          // of the root, once it is mounted
    struct dentry *mounted_on;   // NULL: the root of all
    struct super_block *next;    // all that are mounted
    int (*sync)(struct super_block *super); // after the inodes: the rest, and flush the device
    void (*statfs)(struct super_block *super, struct statfs *statfs); // the counts
    void *data;
};

// Inode cache. => returns a referenced inode; *fresh: the caller fills it in and calls inode_ready().
// NULL when out of memory. May sleep, and evict others: => holds no lock that ops->evict or write_inode take.
struct inode *inode_get_cached(struct super_block *super, uint64_t number, bool *fresh);
void inode_ready(struct inode *inode, int error); // error: drops the inode, reference and all
struct inode *inode_hold(struct inode *inode);
void inode_put(struct inode *inode); // the last writes it out and evicts it: may sleep; takes no inode lock
// Is what is on the disk all there is: no inode is dirty, and none removed that somebody still has open?
bool inodes_settled(const struct super_block *super);
int inodes_sync(void); // dirty pages and dirty inodes
int inode_write_out(struct inode *inode); // the same for one. => holds inode.lock for write, or sole user

// A name in a directory. Which inode it means never changes, once there is one: when that changes, another dentry
// takes its place and this one leaves the hash. Rename moves it.
struct dentry {
    struct dentry *parent; // D  root: itself
    struct inode *inode;   // C  NULL: known not to exist, until the name is made (under the parent's lock)
    uint32_t refs;         // D  children count; 0: cached, unused
    uint8_t length;        // D
    char *name;            // D
    struct list_node hash, lru; // D  hash empty: found no more
    struct dentry *mounted; // the top of what is mounted here; set once at boot
};
static inline struct name dentry_name(const struct dentry *dentry) // => holds the parent's lock
{
    return (struct name){dentry->name, dentry->length};
}
// => dentry_lookup: holds no inode lock; _locked: holds that of the parent, in either mode.
// => return a reference, maybe to a dentry without inode
[[nodiscard]] int dentry_lookup(struct dentry *parent, struct name name, struct dentry **out);
[[nodiscard]] int dentry_lookup_locked(struct dentry *parent, struct name name, struct dentry **out);
// The name now means `inode`, whose reference is consumed in any case. parent NULL: a root.
// => returns 0; -ENOMEM; -EIO: a directory that has another name
[[nodiscard]] int dentry_make(struct dentry *parent, struct name name, struct inode *inode, struct dentry **out);
void dentry_becomes(struct dentry *dentry, struct inode *inode); // it had none. => holds the parent for write
void dentry_drop(struct dentry *dentry); // the name means something else from now on
// Consumes name.text, from kmalloc. => holds both directories for write
void dentry_move(struct dentry *dentry, struct dentry *parent, struct name name);
struct dentry *dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry); // may sleep, as inode_put()
struct dentry *dentry_parent(struct dentry *dentry); // with a reference; "..": leaves file systems
// To the top of what is mounted there, if anything is. Consumes the reference. => returns one
struct dentry *dentry_cross_mounts(struct dentry *dentry);
// Absolute name. => returns the length with terminator, -ERANGE, -ENOENT when it has been removed
int dentry_path(const struct dentry *dentry, char *buffer, size_t bytes);
bool dentry_within(struct dentry *dentry, const struct dentry *ancestor);
// Unused ones go, of any parent if it is NULL, until only `keep` are left. => returns how many went
size_t dentries_shrink(size_t keep, const struct dentry *parent);

// Boot only; => return 0 or -errno. path NULL: the root of all
[[nodiscard]] int mount_at(const char *path, struct super_block *super);
struct dentry *root_dentry(void); // no reference: mounts stay
int vfs_sync(void); // everything, then the devices. => returns the first error, having tried all
// Writes what is dirty; when nothing is and memory is wanted, drops names and inodes that are unused.
// => returns how much that was. For rounds_serve() and reclaim_files of mm/reclaim.h
size_t vfs_reclaim(bool wanted);
static inline size_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
static inline int64_t vfs_now(void) // wall clock, seconds
{
    return (int64_t)(clock_realtime_ns() / NS_PER_SECOND);
}

static inline void inode_modified(struct inode *inode) // its contents
{
    inode->mtime = inode->ctime = vfs_now();
    inode->dirty = true;
}

// Path walk. Relative names start at `base`; NULL: at the caller's working directory.
enum { LOOKUP_FOLLOW = 1, LOOKUP_DIRECTORY = 2 };
struct last_name {
    char text[NAME_MAX + 1];
    size_t length; // 0: the name was "/"
    bool slash;    // something like "name/"
    bool special;  // "/", "." or ".."
};
// => returns 0 with a reference, else -errno. Without LOOKUP_FOLLOW a symbolic link at the end is the result
// With `last` (else NULL): the directory that holds the last component, which need not exist. LOOKUP_FOLLOW:
// when that is a symbolic link, go on to what it names.
[[nodiscard]] int path_lookup(struct dentry *base, const char *name, unsigned flags, struct dentry **out,
                              struct last_name *last);

// The last component of a name, looked up in its directory, which is locked to make or remove it.
struct edit {
    struct dentry *directory; // referenced; its inode is locked for write
    struct dentry *child;     // referenced, maybe negative
    bool slash;               // the name ended in one
};
// `special`: the errors for "/", "." and ".." at the end. => returns 0, or -errno: nothing is held
[[nodiscard]] int edit_begin(struct dentry *base, const char *name, unsigned flags, const int special[3],
                             struct edit *edit);
// => the child is negative, and afterwards the new file
[[nodiscard]] int edit_create(struct edit *edit, const struct new_file *what);
void edit_end(struct edit *edit);

struct iovec;
typedef int64_t file_operation(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *position);
struct file_ops {
    file_operation *read, *write; // => return bytes moved, with *position behind them, or -errno
    int64_t (*stream)(struct file *file, const struct iovec *part, size_t count); // pipes: either, all parts as one
    int (*ioctl)(struct file *file, uint64_t request, uint64_t argument);
    unsigned (*poll)(struct file *file); // POLLIN | POLLOUT | ... now; never sleeps; NULL: always ready.
                                         // What poll says may change only before a poll_notify()
    int (*open)(struct file *file);
    void (*release)(struct file *file);  // last reference
    bool seekable;
    bool zero_memory;                    // a mapping of it is memory without a file (/dev/zero)
};
extern const struct file_ops generic_file_ops, generic_directory_ops; // over inode.pages; over ops->readdir
#if KINE_OPTION_POLL
void poll_notify(void); // any context
#else
static inline void poll_notify(void) {}
#endif

struct file {
    _Atomic uint32_t refs;
    uint32_t flags;          // O_*; O_NONBLOCK and O_APPEND change by fcntl
    const struct file_ops *ops;
    struct dentry *dentry;   // NULL for what has no name: pipes, memory files
    struct inode *inode;     // of the dentry, which holds it; without one, held by the file; NULL for pipes
    uint64_t position;       // P
    struct mutex position_lock; // P  RANK_FILE
    void *data;              // pipes, tty, generated text
};
void file_get(struct file *file);
void file_put(struct file *file); // may sleep; takes no inode lock
static inline void file_put_auto(struct file **file)
{
    if (*file)
        file_put(*file);
}
static inline void dentry_put_auto(struct dentry **dentry)
{
    if (*dentry)
        dentry_put(*dentry);
}
// Local variables whose reference, if they have one, is put at the end of their block.
#define FILE_HERE __attribute__((cleanup(file_put_auto))) struct file
#define DENTRY_HERE __attribute__((cleanup(dentry_put_auto))) struct dentry
struct file *file_create(const struct file_ops *ops, uint32_t flags); // refs = 1; NULL: out of memory

[[nodiscard]] int vfs_open(struct dentry *base, const char *name, uint32_t flags, uint32_t mode,
                           struct file **out);
// Bytes of a regular file into kernel memory (exec). => returns bytes read, 0 at the end, -errno
[[nodiscard]] int64_t vfs_read_kernel(struct file *file, uint64_t offset, void *buffer, size_t bytes);
// May the file be executed: regular and an x bit. 0, -EACCES
int vfs_may_execute(struct file *file);
[[nodiscard]] int vfs_truncate(struct inode *inode, uint64_t size); // a regular file; => holds no lock
int vfs_sync_file(struct inode *inode); // fsync
// A file without a name that lives in memory, `bytes` long, all zero. 0 or -ENOMEM
[[nodiscard]] int memory_file_create(uint64_t bytes, struct file **out);
void pipes_init(void);
