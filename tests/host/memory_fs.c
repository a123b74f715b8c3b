// SPDX-License-Identifier: MIT
//
// See memory_fs.h. Whatever a disk would do sleeps: other tasks run in between.

#include "tests/host/memory_fs.h"
#include "tests/host/check.h"
#include "tests/host/fake_sched.h"
#include "uapi/dirent.h"
#include "uapi/errno.h"
#include <string.h>

#define NODES  256
#define BLOCKS 40
#define NAMES  64

struct node {
    uint32_t mode, links; // mode 0: free
    uint64_t size, device;
    uint8_t *blocks[BLOCKS];
    struct {
        char name[NAME_MAX + 1];
        uint64_t number; // 0: free
    } names[NAMES];
    char target[PATH_MAX];
};

uint64_t memory_held[2];
unsigned memory_nodes_in_use, memory_blocks_in_use, memory_blocks_most, memory_lookups;
static struct node nodes[NODES];
static const struct inode_ops ops;
static const struct vm_object_ops page_ops;

static struct node *node_of(struct inode *inode)
{
    return &nodes[inode->number];
}

static int fill(struct vm_object *object, uint64_t index, struct frame *frame)
{
    struct node *node = node_of(object->owner);
    fake_yield();
    if (node->blocks[index])
        memcpy(frame_memory(frame), node->blocks[index], PAGE_SIZE);
    else
        memset(frame_memory(frame), 0, PAGE_SIZE);
    return 0;
}

static int write_back(struct vm_object *object, uint64_t index, struct frame *frame)
{
    struct node *node = node_of(object->owner);
    fake_yield();
    CHECK(node->blocks[index]); // before_write has seen to it
    memcpy(node->blocks[index], frame_memory(frame), PAGE_SIZE);
    return 0;
}

static void cut(struct node *node, uint64_t first)
{
    for (uint64_t i = first; i < BLOCKS; i++) {
        memory_blocks_in_use -= node->blocks[i] != NULL;
        free(node->blocks[i]);
        node->blocks[i] = NULL;
    }
}

static int before_write(struct vm_object *object, uint64_t page, struct frame *frame, uint64_t end_bytes)
{
    struct inode *inode = object->owner;
    struct node *node = node_of(inode);
    CHECK(frame->refs > 1); // the index and the caller
    CHECK(rwlock_held_for_write(&inode->lock) && end_bytes <= (page + 1) * PAGE_SIZE);
    fake_yield();
    if (page >= BLOCKS)
        return -EFBIG;
    if (!node->blocks[page]) {
        if (memory_blocks_in_use == memory_blocks_most)
            return -ENOSPC;
        memory_blocks_in_use++;
        node->blocks[page] = malloc(PAGE_SIZE);
        memset(node->blocks[page], 0x5a, PAGE_SIZE);
    }
    return 0;
}

static int truncate(struct inode *inode, uint64_t size)
{
    CHECK(rwlock_held_for_write(&inode->lock));
    if (size > BLOCKS * PAGE_SIZE)
        return -EFBIG;
    fake_yield();
    cut(node_of(inode), (size + PAGE_MASK) >> PAGE_SHIFT);
    inode->size = size;
    inode->dirty = true;
    return 0;
}

static void set_up(struct inode *inode)
{
    inode->ops = &ops;
    if (S_ISREG(inode->mode))
        vm_object_init(&inode->pages, &page_ops, inode, (inode->size + PAGE_MASK) >> PAGE_SHIFT, RANK_OBJECT);
}

static int get(uint64_t number, struct inode **out)
{
    bool fresh;
    *out = inode_get_cached(&memory_super, number, &fresh);
    if (!*out)
        return -ENOMEM;
    if (!fresh)
        return 0;
    fake_yield();
    const struct node *node = &nodes[number];
    CHECK(node->mode);
    (*out)->mode = node->mode;
    (*out)->links = node->links;
    (*out)->size = node->size;
    (*out)->device = node->device;
    set_up(*out);
    inode_ready(*out, 0);
    return 0;
}

static int find(struct inode *directory, struct name name)
{
    struct node *node = node_of(directory);
    for (int i = 0; i < NAMES; i++)
        if (node->names[i].number && strlen(node->names[i].name) == name.length &&
            !memcmp(node->names[i].name, name.text, name.length))
            return i;
    return -1;
}

static int lookup(struct inode *directory, struct name name, struct inode **out)
{
    CHECK(rwlock_held(&directory->lock));
    memory_lookups++;
    fake_yield();
    int slot = find(directory, name);
    return slot < 0 ? -ENOENT : get(node_of(directory)->names[slot].number, out);
}

static int add(struct inode *directory, struct name name, uint64_t number)
{
    CHECK(rwlock_held_for_write(&directory->lock) && directory->links > 0);
    CHECK(find(directory, name) < 0);
    struct node *node = node_of(directory);
    for (int i = 0; i < NAMES; i++) {
        if (node->names[i].number)
            continue;
        memcpy(node->names[i].name, name.text, name.length);
        node->names[i].name[name.length] = '\0';
        node->names[i].number = number;
        return 0;
    }
    return -ENOSPC;
}

static void count_links(struct inode *inode, int difference)
{
    CHECK(rwlock_held_for_write(&inode->lock));
    inode->links += (uint32_t)difference;
    inode->dirty = true;
}

static int make(struct inode *directory, struct name name, const struct new_file *what,
                struct inode **out)
{
    uint64_t number = 2;
    while (number < NODES && nodes[number].mode)
        number++;
    if (number == NODES)
        return -ENOSPC;
    int error = add(directory, name, number);
    if (error)
        return error;
    nodes[number] = (struct node){.mode = what->mode, .links = S_ISDIR(what->mode) ? 2 : 1, .device = what->device};
    if (what->target)
        memcpy(nodes[number].target, what->target, strlen(what->target) + 1);
    error = get(number, out);
    if (error) {
        node_of(directory)->names[find(directory, name)].number = 0;
        nodes[number].mode = 0;
        return error;
    }
    memory_nodes_in_use++;
    if (S_ISDIR(what->mode))
        count_links(directory, 1);
    return 0;
}

static int link(struct inode *directory, struct name name, struct inode *inode)
{
    int error = add(directory, name, inode->number);
    if (!error)
        count_links(inode, 1);
    return error;
}

static int take_away(struct inode *directory, struct name name, struct inode *inode)
{
    CHECK(rwlock_held_for_write(&directory->lock));
    fake_yield();
    int slot = find(directory, name);
    CHECK(slot >= 0 && node_of(directory)->names[slot].number == inode->number);
    node_of(directory)->names[slot].number = 0;
    return 0;
}

static int unlink(struct inode *directory, struct name name, struct inode *inode)
{
    for (int i = 0; i < NAMES && S_ISDIR(inode->mode); i++)
        if (node_of(inode)->names[i].number)
            return -ENOTEMPTY;
    count_links(inode, S_ISDIR(inode->mode) ? -2 : -1);
    if (S_ISDIR(inode->mode))
        count_links(directory, -1);
    return take_away(directory, name, inode);
}

static int change_name(struct inode *old_directory, struct name old_name, struct inode *inode,
                       struct inode *new_directory, struct name new_name, struct inode *replaced)
{
    int error = 0;
    CHECK(rwlock_held_for_write(&inode->lock));
    if (replaced)
        error = unlink(new_directory, new_name, replaced);
    if (!error)
        error = take_away(old_directory, old_name, inode);
    if (!error)
        error = add(new_directory, new_name, inode->number);
    if (!error && S_ISDIR(inode->mode)) {
        count_links(old_directory, -1);
        count_links(new_directory, 1);
    }
    return error;
}

static int readdir(struct inode *directory, uint64_t *position, readdir_emit *emit, void *context)
{
    struct node *node = node_of(directory);
    for (; *position < NAMES; ++*position) {
        const char *name = node->names[*position].name;
        if (node->names[*position].number &&
            !emit(context, (struct name){name, strlen(name)}, node->names[*position].number, DT_UNKNOWN, *position + 1))
            return 0;
    }
    return 0;
}

static int readlink(struct inode *inode, char *buffer, size_t bytes)
{
    size_t length = strlen(node_of(inode)->target);
    length = length < bytes ? length : bytes;
    memcpy(buffer, node_of(inode)->target, length);
    return (int)length;
}

static int write_inode(struct inode *inode)
{
    struct node *node = node_of(inode);
    fake_yield();
    node->mode = inode->mode;
    node->links = inode->links;
    node->size = inode->size;
    return 0;
}

static int evict(struct inode *inode)
{
    struct node *node = node_of(inode);
    do
        fake_yield();
    while (inode->number == memory_held[0] || inode->number == memory_held[1]);
    if (inode->links)
        return 0;
    cut(node, 0);
    node->mode = 0;
    memory_nodes_in_use--;
    return 0;
}

static const struct vm_object_ops page_ops = {
    .fill = fill, .write_back = write_back, .before_write = before_write};
static const struct inode_ops ops = {
    .lookup = lookup, .create = make, .link = link, .unlink = unlink,
    .rename = change_name, .readdir = readdir, .readlink = readlink, .truncate = truncate,
    .write_inode = write_inode, .evict = evict,
};
struct super_block memory_super = {.type = "memory", .device_number = 7, .block_bytes = PAGE_SIZE};

void memory_fs_format(void)
{
    memory_blocks_most = 10000;
    nodes[1] = (struct node){.mode = S_IFDIR | 0755, .links = 2};
    memory_nodes_in_use = 1;
    CHECK(get(1, &memory_super.root) == 0);
}
