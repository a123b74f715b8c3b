// SPDX-License-Identifier: MIT
//
// The host's side of tests/host/test_ext2.c, in a file of its own because the host's headers and the ABI's
// name the same things: a temporary directory as the oracle, and the tools of e2fsprogs.

#ifndef TESTS_HOST_HOST_TREE_H
#define TESTS_HOST_HOST_TREE_H

#include <stddef.h>
#include <stdint.h>

void host_tree_create(void); // empty; the working directory from now on
const char *host_tree_path(void);
int host_shell(const char *command);

long host_call(const char *name, long a, long b, long c, long d, long e); // => -errno
long host_getdents(long fd, void *buffer, size_t bytes);
// Everything in the tree, the top first.
void host_for_each(void (*visit)(const char *name, uint32_t mode, uint64_t links, uint64_t size));
// The first byte at or after `at` that is not in a hole; what follows it is read into `buffer`.
uint64_t host_next_data(const char *name, uint64_t at, void *buffer, size_t bytes);

// debugfs reads every file of up to `most` bytes, and every name, from the image: as in the tree?
void host_compare_by_debugfs(const char *image, uint64_t most);

#endif
