// SPDX-License-Identifier: MIT
//
// What a process has of the file system: open files, working directory, umask. proc/ keeps one of each in
// its tasks; fs/ finds the caller's through two functions that proc/ defines (fs never includes proc).
#pragma once

#include "fs/vfs.h"

#define FILES_MOST 1024 // per process, as Linux' default RLIMIT_NOFILE

struct file_table {
    _Atomic uint32_t refs;
    struct spinlock lock;   // RANK_FILE_TABLE
    unsigned capacity;      // slots in `files`: grows by doubling
    struct file **files;
    uint64_t close_on_exec[FILES_MOST / 64];
};
struct fs_context {
    _Atomic uint32_t refs;
    struct spinlock lock;   // RANK_FILE_TABLE
    struct dentry *cwd;
    _Atomic uint32_t umask;
};

// Provided by proc/: of the calling task.
struct file_table *current_files(void);
struct fs_context *current_fs(void);
void current_kill_with(int signal); // SIGPIPE for the calling task
// To every process of a group (0: of all groups, but init and the caller). => returns whether there was one
bool signal_process_group(int process_group, int number);

struct file_table *file_table_create(void);
struct file_table *file_table_copy(struct file_table *table); // fork; NULL: out of memory
void file_table_put(struct file_table *table);                // last: closes all
void file_table_close_on_exec(struct file_table *table);
struct fs_context *fs_context_create(void); // cwd: the root
struct fs_context *fs_context_copy(void); // of the caller's
void fs_context_put(struct fs_context *context);
struct dentry *fs_working_directory(void);             // the caller's, with a reference
void fs_change_directory(struct dentry *directory);    // consumes the reference

struct file *fd_get(int fd);   // with a reference; NULL: EBADF
// The lowest free one from `lowest` on, for which there is room now. => -EINVAL, -EMFILE, -ENOMEM
[[nodiscard]] int fd_find_free(int lowest);
// Both consume the reference in any case. => return the descriptor; -EMFILE, -ENOMEM; _at replaces: -EBADF
[[nodiscard]] int fd_install(struct file *file, int lowest, bool close_on_exec);
[[nodiscard]] int fd_install_at(struct file *file, int fd, bool close_on_exec);
int fd_close(struct file_table *table, int fd, const struct file *only); // NULL: whatever it is. 0 or -EBADF
int fd_close_on_exec(int fd, int set); // set 0 or 1; -1: only ask. => returns what it was, -EBADF

// A name that a system call got, and what it is relative to.
struct user_name {
    char *text;          // short, or from kmalloc
    struct dentry *base; // what dirfd stands for, if the name needs it, else NULL
    struct file *file;   // that has it
    char brief[120];     // most names fit
};
void user_name_put(struct user_name *name);
#define NAME_HERE __attribute__((cleanup(user_name_put))) struct user_name // user_name() must come next
// => returns 0, or -EFAULT, -ENAMETOOLONG, -ENOMEM, -EBADF, -ENOTDIR
[[nodiscard]] int user_name(uint64_t dirfd, uint64_t address, struct user_name *name);
// As path_lookup(); + the errors above
[[nodiscard]] int user_path(uint64_t dirfd, uint64_t address, unsigned flags, struct dentry **out);

[[nodiscard]] int fs_init(void); // mounts the root, /dev, /proc. => returns 0 or -errno, having said why
void tty_init(void); // boot, once: /dev/console and /dev/tty, if the machine has a console
