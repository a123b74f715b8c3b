# SPDX-License-Identifier: MIT
# The VFS over a file system in memory, with mm/ out of malloc: tests/host/vfs_world.h.
set(vfs_sources fs/dentry.c fs/file_table.c fs/generic.c fs/inode.c fs/mount.c fs/namei.c fs/open.c fs/pipe.c fs/poll.c
  fs/pseudo.c fs/sys_attributes.c fs/sys_directory.c fs/sys_io.c fs/sys_names.c fs/sys_rare.c fs/sys_rename.c fs/tty.c
  lib/format.c lib/lockrank.c lib/log.c lib/radix.c lib/sleeplock.c lib/spinlock.c lib/wait.c
  tests/host/vfs_world.c tests/host/fake_fs_mm.c tests/host/memory_fs.c tests/host/fake_sched.c)
foreach(part names files streams vectors)
  kine_host_test(vfs-${part} tests/host/test_vfs_${part}.c ${vfs_sources} INCLUDE tests/host/fake)
endforeach()
