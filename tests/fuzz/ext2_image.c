// SPDX-License-Identifier: MIT
//
// See ext2_image.h.

#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs/ext2.h"
#include "tests/fuzz/ext2_image.h"
#include "tests/host/check.h"

#define BLOCK       1024u
#define IMAGE_MOST  (1u << 20)
#define FIELDS_MOST 8192

static uint8_t good[IMAGE_MOST], *image; // as made; the disk's memory
static bool changed[IMAGE_MOST / BLOCK]; // what is not as in `good`, by blocks
static size_t image_bytes;
static struct { uint32_t offset, bytes; } fields[FIELDS_MOST];
static unsigned field_count;
static int disk_fd;

static void field(uint32_t offset, uint32_t bytes)
{
    CHECK(field_count < FIELDS_MOST && offset + bytes <= image_bytes);
    fields[field_count].offset = offset;
    fields[field_count++].bytes = bytes;
}

#define FIELD(at, type, member) field((uint32_t)((at) + offsetof(type, member)), sizeof(((type *)0)->member))

static void words(uint32_t from, unsigned count, uint32_t bytes)
{
    for (unsigned i = 0; i < count; i++)
        field(from + i * bytes, bytes);
}

static void entries(uint32_t block)
{
    for (uint32_t at = 0; at < BLOCK;) {
        const struct ext2_disk_entry *entry = (const void *)&good[block * BLOCK + at];
        uint32_t offset = block * BLOCK + at;
        FIELD(offset, struct ext2_disk_entry, inode);
        FIELD(offset, struct ext2_disk_entry, bytes);
        FIELD(offset, struct ext2_disk_entry, name_length);
        FIELD(offset, struct ext2_disk_entry, type);
        field(offset + 8, 1);
        at += entry->bytes;
    }
}

// Indirect blocks: the first words, and two levels down.
static void pointers(uint32_t block, unsigned level)
{
    uint32_t first;
    if (block == 0 || (block + 1) * BLOCK > image_bytes)
        return;
    words(block * BLOCK, 6, 4);
    memcpy(&first, &good[block * BLOCK], sizeof(first));
    if (level > 0)
        pointers(first, level - 1);
}

static void inode(uint32_t at)
{
    const struct ext2_disk_inode *disk = (const void *)&good[at];
    FIELD(at, struct ext2_disk_inode, mode);
    FIELD(at, struct ext2_disk_inode, size);
    FIELD(at, struct ext2_disk_inode, size_high);
    FIELD(at, struct ext2_disk_inode, links);
    FIELD(at, struct ext2_disk_inode, blocks);
    FIELD(at, struct ext2_disk_inode, flags);
    FIELD(at, struct ext2_disk_inode, dtime);
    FIELD(at, struct ext2_disk_inode, attributes_block);
    words(at + offsetof(struct ext2_disk_inode, block), EXT2_SLOTS, 4);
    bool has_blocks = S_ISREG(disk->mode) || S_ISDIR(disk->mode);
    for (unsigned i = 0; has_blocks && i < 3; i++)
        pointers(disk->block[EXT2_DIRECT + i], i);
    for (unsigned i = 0; S_ISDIR(disk->mode) && i < EXT2_DIRECT && disk->block[i]; i++)
        if (i < 2) // lost+found has many, all alike
            entries(disk->block[i]);
}

static void group(uint32_t at, unsigned number, const struct ext2_disk_super *super)
{
    const struct ext2_disk_group *disk = (const void *)&good[at];
    words(at, 3, 4);
    words(at + 12, 3, 2);
    words(disk->block_bitmap * BLOCK, super->blocks_per_group / 8 / 4, 4);
    words(disk->inode_bitmap * BLOCK, super->inodes_per_group / 8, 1);
    for (uint32_t i = 0; i < super->inodes_per_group; i++) {
        uint32_t offset = disk->inode_table * BLOCK + i * super->inode_bytes;
        if (((const struct ext2_disk_inode *)(const void *)&good[offset])->mode || i + number == 0)
            inode(offset);
    }
}

void ext2_image_load(const char *path)
{
    FILE *file = fopen(path, "r");
    CHECK(file);
    image_bytes = fread(good, 1, sizeof(good), file);
    CHECK(image_bytes > 16 * BLOCK && image_bytes < IMAGE_MOST);
    fclose(file);
    const struct ext2_disk_super *super = (const void *)&good[1024];
    words(1024, 11, 4);     // up to the times
    words(1024 + 52, 4, 2); // mounts, magic, state
    words(1024 + offsetof(struct ext2_disk_super, revision), 1, 4);
    words(1024 + offsetof(struct ext2_disk_super, first_inode), 1, 4);
    words(1024 + offsetof(struct ext2_disk_super, inode_bytes), 2, 2);
    words(1024 + offsetof(struct ext2_disk_super, compatible), 3, 4);
    for (unsigned i = 0; i * super->blocks_per_group < super->blocks - 1; i++)
        group(2 * BLOCK + i * (uint32_t)sizeof(struct ext2_disk_group), i, super);
    disk_fd = memfd_create("disk", 0);
    CHECK(disk_fd >= 0 && ftruncate(disk_fd, (off_t)image_bytes) == 0);
    image = mmap(NULL, image_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, disk_fd, 0);
    CHECK(image != MAP_FAILED);
    memcpy(image, good, image_bytes);
}

void ext2_image_changed(uint64_t at, size_t bytes)
{
    for (uint64_t block = at / BLOCK; block <= (at + bytes - 1) / BLOCK; block++)
        changed[block] = true;
}

const char *ext2_image_disk(void)
{
    static char path[40];
    sprintf(path, "/proc/self/fd/%d", disk_fd);
    return path;
}

static uint32_t number_at(unsigned at)
{
    uint32_t number = 0;
    memcpy(&number, &good[fields[at % field_count].offset], fields[at % field_count].bytes);
    return number;
}

static uint32_t patched(uint32_t old, uint8_t how, uint32_t operand)
{
    static const uint32_t odd[] = {0,      1,      2,          8,          11,        12,
                                   255,    256,    1023,       1024,       4096,      0x7fff,
                                   0x8000, 0xffff, 0x7fffffff, 0x80000000, UINT32_MAX};
    switch (how % 7) {
    case 0: return operand;
    case 1: return old + operand % 16;
    case 2: return old - operand % 16;
    case 3: return number_at(operand);
    case 4: return odd[operand % (sizeof(odd) / sizeof(*odd))];
    case 5: return old ^ 1u << operand % 32;
    default: return operand % (uint32_t)(image_bytes / BLOCK);
    }
}

static void write_patch(const struct patch *patch)
{
    unsigned at = patch->field % field_count;
    uint32_t number = patched(number_at(at), patch->how, patch->operand);
    if (patch->how >= 224) { // a byte anywhere
        image[patch->operand % image_bytes] = patch->pad;
        ext2_image_changed(patch->operand % image_bytes, 1);
    } else {
        memcpy(&image[fields[at].offset], &number, fields[at].bytes);
        ext2_image_changed(fields[at].offset, fields[at].bytes);
    }
}

void ext2_image_write(const struct patch *patches, unsigned count)
{
    for (uint32_t block = 0; block < (image_bytes + BLOCK - 1) / BLOCK; block++)
        if (changed[block])
            memcpy(&image[block * BLOCK], &good[block * BLOCK], BLOCK);
    memset(changed, 0, sizeof(changed));
    for (unsigned i = 0; i < count; i++)
        write_patch(&patches[i]);
}
