// SPDX-License-Identifier: MIT
//
// The flattened device tree, read in place; contracts in arch/fdt.h. Called during boot and by drivers
// that look for their device. Takes no lock: the blob is constant.
//
// The structure block is a string of tokens: BEGIN_NODE name, PROP length name-offset data, END_NODE, NOP,
// END. next_token() is the only code that walks it and checks every step against the block's end.

#include "arch/fdt.h"
#include "lib/string.h"
#include "uapi/errno.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROP = 3, NOP = 4, END = 9 };
enum { MAGIC = 0xd00dfeed, HEADER_BYTES = 40, VERSION_LEAST = 17, DEPTH_MOST = 16 };

struct token {
    uint32_t type, offset;  // offset of the token in the structure block
    const char *name;       // node or property name, terminated
    const uint8_t *data;    // PROP
    uint32_t bytes;
};

static uint32_t be32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

uint64_t fdt_cells(const struct fdt_property *property, unsigned first, unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = first; i < first + count && 4 * (uint64_t)i + 4 <= property->bytes; i++)
        value = value << 32 | be32(property->data + 4 * i);
    return value;
}

int fdt_open(struct fdt *fdt, const void *blob, size_t most_bytes)
{
    const uint8_t *header = blob;
    if (most_bytes < HEADER_BYTES || be32(header) != MAGIC)
        return -EINVAL;
    *fdt = (struct fdt){
        .blob = blob,
        .total_bytes = be32(header + 4),
        .structure = be32(header + 8),
        .strings = be32(header + 12),
        .strings_bytes = be32(header + 32),
        .structure_bytes = be32(header + 36),
    };
    if (fdt->total_bytes < HEADER_BYTES || fdt->total_bytes > most_bytes || fdt->total_bytes > INT32_MAX ||
        be32(header + 20) < VERSION_LEAST ||
        (uint64_t)fdt->structure + fdt->structure_bytes > fdt->total_bytes ||
        (uint64_t)fdt->strings + fdt->strings_bytes > fdt->total_bytes || fdt->structure % 4 != 0)
        return -EINVAL;
    return 0;
}

// A string inside [text, text + most), or NULL when it does not end there.
static const char *terminated(const uint8_t *text, uint32_t most)
{
    return strnlen((const char *)text, most) < most ? (const char *)text : NULL;
}

// Reads the token at *offset and moves *offset behind it. false: the end, or nonsense.
static bool next_token(const struct fdt *fdt, uint32_t *offset, struct token *token)
{
    const uint8_t *block = fdt->blob + fdt->structure;
    uint64_t at = *offset, end = fdt->structure_bytes;
    do {
        if (at + 4 > end)
            return false;
        token->type = be32(block + at);
        token->offset = (uint32_t)at;
        at += 4;
    } while (token->type == NOP);
    if (token->type == BEGIN_NODE) {
        token->name = terminated(block + at, (uint32_t)(end - at));
        if (!token->name)
            return false;
        at += strlen(token->name) + 1;
    } else if (token->type == PROP) {
        if (at + 8 > end)
            return false;
        uint32_t name = be32(block + at + 4);
        token->bytes = be32(block + at);
        token->data = block + at + 8;
        at += 8 + (uint64_t)token->bytes;
        if (at > end || name >= fdt->strings_bytes)
            return false;
        token->name = terminated(fdt->blob + fdt->strings + name, fdt->strings_bytes - name);
        if (!token->name)
            return false;
    } else if (token->type != END_NODE) {
        return false;
    }
    *offset = (uint32_t)((at + 3) & ~(uint64_t)3);
    return true;
}

// The next node in document order behind the node (or -1) `after`; negative: none.
static int next_node(const struct fdt *fdt, int after)
{
    uint32_t offset = after < 0 ? 0 : (uint32_t)after;
    struct token token;
    while (next_token(fdt, &offset, &token))
        if (token.type == BEGIN_NODE && (int)token.offset > after)
            return (int)token.offset;
    return -ENOENT;
}

// The next child of `parent` behind the child (or -1) `after`.
static bool next_child(const struct fdt *fdt, int parent, int after, struct token *child)
{
    uint32_t offset = (uint32_t)parent;
    unsigned depth = 0;
    while (next_token(fdt, &offset, child)) {
        if (child->type == BEGIN_NODE && ++depth == 2 && (int)child->offset > after)
            return true;
        if (child->type == END_NODE && --depth == 0)
            break;
    }
    return false;
}

int fdt_next_child(const struct fdt *fdt, int parent, int after)
{
    struct token child;
    return next_child(fdt, parent, after, &child) ? (int)child.offset : -ENOENT;
}

// The child that a path component names, with its unit address ("serial@10000000") or without.
static int find_child(const struct fdt *fdt, int parent, const char *component, size_t length)
{
    struct token child = {0};
    int after = -1;
    while (next_child(fdt, parent, after, &child)) {
        after = (int)child.offset;
        char end = strncmp(child.name, component, length) == 0 ? child.name[length] : '/';
        if (end == '\0' || end == '@')
            return after;
    }
    return -ENOENT;
}

static size_t component_length(const char *path)
{
    size_t length = 0;
    while (path[length] != '\0' && path[length] != '/' && path[length] != ':')
        length++;
    return length;
}

int fdt_path(const struct fdt *fdt, const char *path)
{
    int node = next_node(fdt, -1);
    while (node >= 0 && *path == '/') {
        size_t length = component_length(++path);
        if (length > 0)
            node = find_child(fdt, node, path, length);
        path += length;
    }
    return node;
}

int fdt_stdout(const struct fdt *fdt)
{
    const char *path = fdt_string(fdt, fdt_path(fdt, "/chosen"), "stdout-path");
    char alias[32];
    if (path && *path != '/') { // an alias, as in "serial0:115200n8"
        size_t length = component_length(path);
        strlcpy(alias, path, length < sizeof(alias) ? length + 1 : sizeof(alias));
        path = fdt_string(fdt, fdt_path(fdt, "/aliases"), alias);
    }
    return path && *path == '/' ? fdt_path(fdt, path) : -ENOENT;
}

bool fdt_property(const struct fdt *fdt, int node, const char *name, struct fdt_property *out)
{
    uint32_t offset = (uint32_t)node;
    struct token token;
    if (node < 0 || !next_token(fdt, &offset, &token) || token.type != BEGIN_NODE)
        return false;
    while (next_token(fdt, &offset, &token) && token.type == PROP) {
        if (strcmp(token.name, name) == 0) {
            *out = (struct fdt_property){token.data, token.bytes};
            return true;
        }
    }
    return false;
}

bool fdt_u32(const struct fdt *fdt, int node, const char *name, uint32_t *out)
{
    struct fdt_property property;
    if (!fdt_property(fdt, node, name, &property) || property.bytes != 4)
        return false;
    *out = (uint32_t)fdt_cells(&property, 0, 1);
    return true;
}

const char *fdt_string(const struct fdt *fdt, int node, const char *name)
{
    struct fdt_property property;
    return fdt_property(fdt, node, name, &property) ? terminated(property.data, property.bytes) : NULL;
}

// Is `text` one of the strings of a string-list property?
static bool list_has(const struct fdt_property *list, const char *text)
{
    for (uint32_t at = 0; at < list->bytes;) {
        const char *entry = terminated(list->data + at, list->bytes - at);
        if (!entry)
            return false;
        if (strcmp(entry, text) == 0)
            return true;
        at += (uint32_t)strlen(entry) + 1;
    }
    return false;
}

int fdt_next(const struct fdt *fdt, int after, const char *property, const char *text)
{
    struct fdt_property found;
    int node = after;
    while ((node = next_node(fdt, node)) >= 0)
        if (fdt_property(fdt, node, property, &found) && list_has(&found, text))
            break;
    return node;
}

static int parent_of(const struct fdt *fdt, int node)
{
    int open[DEPTH_MOST]; // the nodes we are in, outermost first
    unsigned depth = 0;
    uint32_t offset = 0;
    struct token token;
    while (next_token(fdt, &offset, &token)) {
        if (token.type == BEGIN_NODE && ((int)token.offset == node || depth == DEPTH_MOST))
            return (int)token.offset == node && depth > 0 ? open[depth - 1] : -ENOENT;
        if (token.type == BEGIN_NODE)
            open[depth++] = (int)token.offset;
        else if (token.type == END_NODE && depth-- == 0)
            break;
    }
    return -ENOENT;
}

bool fdt_reg(const struct fdt *fdt, int node, unsigned index, uint64_t *address, uint64_t *bytes)
{
    struct fdt_property reg;
    int parent = parent_of(fdt, node);
    uint32_t address_cells = 2, size_cells = 1; // spec 2.3.5
    fdt_u32(fdt, parent, "#address-cells", &address_cells);
    fdt_u32(fdt, parent, "#size-cells", &size_cells);
    if (parent < 0 || address_cells > 2 || size_cells > 2 || !fdt_property(fdt, node, "reg", &reg))
        return false;
    uint32_t entry_cells = address_cells + size_cells;
    if (((uint64_t)index + 1) * entry_cells > reg.bytes / 4 || entry_cells == 0)
        return false;
    *address = fdt_cells(&reg, index * entry_cells, address_cells);
    *bytes = fdt_cells(&reg, index * entry_cells + address_cells, size_cells);
    return true;
}

bool fdt_reservation(const struct fdt *fdt, unsigned index, uint64_t *address, uint64_t *bytes)
{
    uint64_t at = be32(fdt->blob + 16) + (uint64_t)index * 16;
    if (at + 16 > fdt->total_bytes)
        return false;
    struct fdt_property entry = {fdt->blob + at, 16};
    *address = fdt_cells(&entry, 0, 2);
    *bytes = fdt_cells(&entry, 2, 2);
    return *bytes != 0 || *address != 0; // the list ends with a pair of zeros
}
