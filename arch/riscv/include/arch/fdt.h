// SPDX-License-Identifier: MIT
//
// Reader of the flattened device tree (devicetree specification 0.4, chapter 5). The blob is input from
// outside: every offset is checked, a broken tree ends in "not found", never in a wild read.
#pragma once

#include "arch/types.h"

struct fdt {
    const uint8_t *blob;
    uint32_t total_bytes;
    uint32_t structure, structure_bytes, strings, strings_bytes; // offsets into the blob
};
struct fdt_property {
    const uint8_t *data;
    uint32_t bytes;
};

// => returns 0, or -EINVAL when the header does not hold water
int fdt_open(struct fdt *fdt, const void *blob, size_t most_bytes);

// A node is the offset of its begin token; 0 = the root; negative: no such node.
int fdt_path(const struct fdt *fdt, const char *path); // "/chosen", "/soc/serial@10000000:115200"
int fdt_stdout(const struct fdt *fdt);                 // what /chosen stdout-path names: the console
int fdt_next_child(const struct fdt *fdt, int parent, int after);                  // after = -1: first
// The first node behind `after` (-1: of all) with `text` among the strings of `property`.
int fdt_next(const struct fdt *fdt, int after, const char *property, const char *text);

bool fdt_property(const struct fdt *fdt, int node, const char *name, struct fdt_property *out);
// Cells (32 bits each) `first` on, `count` of them (1 or 2) as one number; none lies beyond the property.
uint64_t fdt_cells(const struct fdt_property *property, unsigned first, unsigned count);
bool fdt_u32(const struct fdt *fdt, int node, const char *name, uint32_t *out);
const char *fdt_string(const struct fdt *fdt, int node, const char *name); // terminated, else NULL
// Entry `index` of "reg", by the parent's #address-cells and #size-cells.
bool fdt_reg(const struct fdt *fdt, int node, unsigned index, uint64_t *address, uint64_t *bytes);
// Entry `index` of the memory reservation block.
bool fdt_reservation(const struct fdt *fdt, unsigned index, uint64_t *address, uint64_t *bytes);
