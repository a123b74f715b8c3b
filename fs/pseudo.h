// SPDX-License-Identifier: MIT
//
// Files without a disk: /proc and /dev. An entry is a name and either a show function that writes text, or
// file_ops. Whoever has something to show registers it here; fs knows nobody above it.
#pragma once

#include "fs/vfs.h"
#include "lib/format.h"

// Generates the whole text at open or first read. 0 or -errno. May sleep.
typedef int (*pseudo_show)(struct text *text);

void proc_register(const char *name, pseudo_show show);                    // /proc/NAME
void dev_register(const char *name, uint32_t mode, uint64_t device, const struct file_ops *ops); // /dev/NAME
const struct file_ops *dev_find(uint64_t device); // by major and minor; NULL when there is none
void pseudo_mount(void); // boot: /dev and /proc, where the root file system has such directories

// /proc/PID and /proc/self: proc/ provides these.
struct proc_tasks {
    int (*next)(int after);               // smallest pid > after, 0 = none
    int (*self)(void);
    const char *const *names;             // "stat", "maps", "kine_map"; NULL ends
    int (*show)(int pid, unsigned name_index, struct text *text); // -ESRCH when gone
};
void proc_register_tasks(const struct proc_tasks *tasks);
