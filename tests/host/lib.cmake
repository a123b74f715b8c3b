# SPDX-License-Identifier: MIT
# lib/ on the host. lib/string.c is always compiled under other names: the C library keeps its own.
set(renamed)
foreach(name memcpy memmove memset memcmp strlen strnlen strcmp strncmp strchr strlcpy)
  list(APPEND renamed ${name}=kine_${name})
endforeach()
set_source_files_properties(${top}/lib/string.c PROPERTIES COMPILE_DEFINITIONS "${renamed}" COMPILE_OPTIONS -fno-builtin)
set(fake_sched tests/host/fake_sched.c lib/format.c lib/lockrank.c lib/log.c lib/spinlock.c lib/wait.c)
kine_host_test(lib-string tests/host/test_lib_string.c lib/string.c)
kine_host_test(lib-format tests/host/test_lib_format.c lib/format.c)
kine_host_test(lib-trees tests/host/test_lib_trees.c lib/rbtree.c lib/radix.c)
kine_host_test(lib-log tests/host/test_lib_log.c ${fake_sched})
kine_host_test(lib-locks tests/host/test_lib_locks.c lib/sleeplock.c ${fake_sched})
kine_host_test(lib-wait tests/host/test_lib_wait.c lib/sleeplock.c ${fake_sched})
