// SPDX-License-Identifier: MIT
//
// Mounted file systems. They are mounted at boot, by one hart, once each, and stay; so the list needs no lock
// and a mount no record of its own. Called by main (fs_init) and by sync.

#include "arch/machine.h"
#include "fs/context.h"
#include "fs/ext2.h"
#include "fs/pseudo.h"

static struct super_block *mounts; // the root file system is the last in the list
static struct dentry *root;

struct dentry *root_dentry(void)
{
    return root;
}

int mount_at(const char *path, struct super_block *super)
{
    struct dentry *point = NULL;
    int error = path ? path_lookup(NULL, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &point, NULL) : 0;
    if (error)
        return error;
    error = dentry_make(NULL, (struct name){"", 0}, super->root, &super->top);
    if (error) {
        dentry_put_auto(&point);
        return error;
    }
    super->mounted_on = point; // with the reference
    super->next = mounts;
    mounts = super;
    *(point ? &point->mounted : &root) = super->top;
    return 0;
}

int vfs_sync(void)
{
    int first_error = inodes_sync();
    for (struct super_block *super = mounts; super; super = super->next) {
        int error = super->sync ? super->sync(super) : 0;
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

size_t vfs_reclaim(bool wanted)
{
    size_t dirty = vm_dirty_pages;
    int error = dirty ? vfs_sync() : 0;
    if (error && error != -ENOMEM) // that passes: what is left is tried again
        log_error("write-back: error %d", -error);
    size_t left = vm_dirty_pages;
    if (left < dirty)
        return dirty - left;
    return wanted ? dentries_shrink(0, NULL) : 0;
}

// The root file system is on the device that the boot argument root= names, else on a disk or the initrd.
int fs_init(void)
{
    char name[16];
    bool named = boot_argument("root", name, sizeof(name));
    struct block_device *device = block_device_find(named ? name : "vda");
    if (!device && !named)
        device = block_device_find("ram0");
    struct super_block *super;
    int error = device ? ext2_mount(device, &super) : -ENODEV;
    if (!error)
        error = mount_at(NULL, super);
    if (error) {
        const char *where = named ? name : device ? device->name : "vda or ram0";
        log_error("no root file system on %s: error %d", where, -error);
        return error;
    }
    pipes_init();
    tty_init();
    pseudo_mount();
    return 0;
}
