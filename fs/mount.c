// SPDX-License-Identifier: MIT
//
// Mounted file systems. They are made at boot, by one hart, and stay; so the list needs no lock and a mount no
// count. Called by main (fs_init) and by sync.

#include "arch/machine.h"
#include "fs/context.h"
#include "fs/ext2.h"
#include "fs/pseudo.h"

static struct mount *mounts; // the root file system is the last in the list
static struct mount *root_mount;

struct path root_path(void)
{
    return (struct path){root_mount, root_mount->root};
}

static struct mount *mount_create(struct super_block *super)
{
    struct mount *mount = kmalloc(sizeof(*mount));
    struct dentry *root = dentry_make(NULL, "", 0, super->root);
    if (!mount || !root)
        return NULL; // out of memory at boot: what has been made is not missed
    *mount = (struct mount){.super = super, .root = root, .next = mounts};
    mounts = mount;
    return mount;
}

int mount_root(struct super_block *super)
{
    root_mount = mount_create(super);
    return root_mount ? 0 : -ENOMEM;
}

int mount_at(const char *path, struct super_block *super)
{
    struct path point;
    int error = path_lookup(NULL, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &point, NULL);
    if (error)
        return error;
    struct mount *mount = mount_create(super);
    if (!mount) {
        path_put(point);
        return -ENOMEM;
    }
    mount->parent = point.mount;
    mount->point = point.dentry; // with the reference
    point.dentry->mounted = mount;
    return 0;
}

int vfs_sync(void)
{
    int first_error = inodes_sync(NULL);
    for (struct mount *mount = mounts; mount; mount = mount->next) {
        int error = mount->super->sync ? mount->super->sync(mount->super) : 0;
        first_error = first_error ? first_error : error;
    }
    return first_error;
}

size_t vfs_reclaim(bool wanted)
{
    size_t dirty = vm_objects_dirty_count();
    int error = dirty ? vfs_sync() : 0;
    if (error && error != -ENOMEM) // that passes: what is left is tried again
        log_error("write-back: error %d", -error);
    size_t left = vm_objects_dirty_count();
    if (left < dirty)
        return dirty - left;
    return wanted ? dentries_shrink(0, NULL) : 0;
}

// The root file system is on the device that the boot argument root= names, or else on a disk, or on the initrd.
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
        error = mount_root(super);
    if (error) {
        log_error("no root file system on %s: error %d", named ? name : device ? device->name : "vda or ram0", -error);
        return error;
    }
    pipes_init();
    tty_init();
    pseudo_mount();
    return 0;
}
