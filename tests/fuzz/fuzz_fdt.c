// SPDX-License-Identifier: MIT
//
// An arbitrary device tree, in a piece of memory exactly as large as it claims to be: first every function of
// the reader, then all that boot makes of it. Answers may be errors, but none may come from outside the blob.

#include "tests/host/check.h"
#include "tests/host/fdt_blob.h"
#include "tests/host/machine_world.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void read_all(const uint8_t *tree, size_t bytes)
{
    struct fdt fdt;
    if (fdt_open(&fdt, tree, bytes) == 0)
        use_all(&fdt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    uint8_t *tree = malloc(bytes ? bytes : 1);
    memcpy(tree, data, bytes);
    read_all(tree, bytes);
    if (bytes >= 40) { // its header, and nothing beyond what that says
        store_be32(tree + 4, (uint32_t)bytes);
        read_all(tree, bytes);
        if (machine_world_read(tree))
            machine_world_check();
    }
    free(tree);
    return 0;
}
