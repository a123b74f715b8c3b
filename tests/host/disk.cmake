# SPDX-License-Identifier: MIT
# ext2 with the real VFS, page cache and frames, on a disk that is a file.
set(fs_below_a_disk tests/host/fs_machine.c tests/host/host_tree.c tests/host/ext2_work.c tests/host/fake_sched.c
  fs/block_cache.c fs/ext2_alloc.c fs/ext2_dir.c fs/ext2_file.c fs/ext2_inode.c fs/ext2_map.c fs/ext2_name.c
  fs/ext2_super.c fs/dentry.c fs/file_table.c fs/generic.c fs/inode.c fs/mount.c fs/namei.c fs/open.c
  fs/sys_attributes.c fs/sys_directory.c fs/sys_io.c fs/sys_names.c fs/sys_rare.c fs/sys_rename.c
  dev/block.c mm/frame.c mm/slab.c mm/object.c mm/reclaim.c lib/rounds.c
  lib/format.c lib/lockrank.c lib/log.c lib/radix.c lib/sleeplock.c lib/spinlock.c lib/wait.c)

function(kine_disk_test name)
  kine_host_test(${name} ${ARGN} tests/host/freed_objects.c ${fs_below_a_disk} INCLUDE tests/host/fake)
  target_link_options(host-${name} PRIVATE -Wl,--wrap=slab_free,--wrap=kfree)
endfunction()
kine_disk_test(ext2 tests/host/test_ext2.c)
kine_disk_test(ext2-hostile tests/host/test_ext2_hostile.c)
foreach(part damaged memory state)
  kine_disk_test(ext2-${part} tests/host/test_ext2_${part}.c tests/host/ext2_session.c)
endforeach()
