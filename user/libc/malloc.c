// SPDX-License-Identifier: MIT
// malloc over brk: one list of free blocks in address order, first fit, neighbours merged on free. Every
// block begins with its header; sizes are multiples of 16, header included.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct block {
    size_t bytes;
    struct block *next; // while free
};

static struct block *free_blocks;

static void insert(struct block *block)
{
    struct block **at = &free_blocks, *before = NULL;
    for (; *at && *at < block; at = &(*at)->next)
        before = *at;
    block->next = *at;
    *at = block;
    if (block->next && (char *)block + block->bytes == (char *)block->next) {
        block->bytes += block->next->bytes;
        block->next = block->next->next;
    }
    if (before && (char *)before + before->bytes == (char *)block) {
        before->bytes += block->bytes;
        before->next = block->next;
    }
}

static int grow(size_t bytes)
{
    bytes = (bytes + 0x3fff) & ~0x3fffUL;
    struct block *new = sbrk(bytes);
    if (new == (void *)-1)
        return -1;
    new->bytes = bytes;
    insert(new);
    return 0;
}

void *malloc(size_t bytes)
{
    if (bytes > PTRDIFF_MAX - 0x10000) {
        errno = ENOMEM;
        return NULL;
    }
    bytes = (bytes + sizeof(struct block) + 15) & ~15UL;
    do
        for (struct block **at = &free_blocks; *at; at = &(*at)->next) {
            struct block *found = *at, *rest = (struct block *)((char *)found + bytes);
            if (found->bytes < bytes)
                continue;
            if (found->bytes == bytes) {
                *at = found->next;
            } else {
                rest->bytes = found->bytes - bytes;
                rest->next = found->next;
                *at = rest;
                found->bytes = bytes;
            }
            return found + 1;
        }
    while (grow(bytes) == 0);
    return NULL;
}

void free(void *memory)
{
    if (memory)
        insert((struct block *)memory - 1);
}

void *calloc(size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        total = ~0UL; // for which malloc has an error
    void *memory = malloc(total);
    return memory ? memset(memory, 0, total) : NULL;
}

void *realloc(void *old, size_t bytes)
{
    size_t had = old ? ((struct block *)old - 1)->bytes - sizeof(struct block) : 0;
    if (old && had >= bytes)
        return old;
    void *new = malloc(bytes);
    if (new &&old) {
        memcpy(new, old, had);
        free(old);
    }
    return new;
}
