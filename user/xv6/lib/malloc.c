// SPDX-License-Identifier: MIT
// malloc over sbrk: one list of free blocks in the order of their addresses, first fit; neighbours become
// one.
#include "user/user.h"

#define UNIT       16                 // every size is a multiple; the header is one
#define GROW_BYTES ((uint64)64 << 10) // how much sbrk is asked for at least
#define BYTES_MOST ((uint64)1 << 30)

struct block {
    uint64 bytes; // with this header
    struct block *next;
};
static struct block *free_blocks;

static struct block *join(struct block *block)
{
    if (block->next && (char *)block + block->bytes == (char *)block->next) {
        block->bytes += block->next->bytes;
        block->next = block->next->next;
    }
    return block;
}

static void insert(struct block *block)
{
    struct block *before = 0, *behind = free_blocks;
    for (; behind && behind < block; behind = behind->next)
        before = behind;
    block->next = behind;
    join(block);
    if (before) {
        before->next = block;
        join(before);
    } else
        free_blocks = block;
}

// The beginning of a free block is given away, so that what is left joins with what sbrk adds behind it.
static void *take(uint64 bytes)
{
    struct block **at = &free_blocks;
    while (*at && (*at)->bytes < bytes)
        at = &(*at)->next;
    struct block *block = *at;
    if (!block)
        return 0;
    *at = block->next;
    if (block->bytes > bytes) {
        struct block *rest = *at = (struct block *)((char *)block + bytes);
        *rest = (struct block){block->bytes - bytes, block->next};
    }
    block->bytes = bytes;
    return block + 1;
}

void *malloc(uint bytes)
{
    uint64 whole = ((uint64)bytes + sizeof(struct block) + UNIT - 1) / UNIT * UNIT;
    void *memory = whole > BYTES_MOST ? 0 : take(whole);
    if (memory || whole > BYTES_MOST)
        return memory;
    uint64 more = whole < GROW_BYTES ? GROW_BYTES : whole, skip = -(uint64)sbrk(0) % UNIT;
    char *added = sbrk((int)(more + skip));
    if (added == SBRK_ERROR)
        return 0;
    struct block *block = (struct block *)(added + skip);
    block->bytes = more;
    insert(block);
    return take(whole);
}

void free(void *memory)
{
    if (memory)
        insert((struct block *)memory - 1);
}
