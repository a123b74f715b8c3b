// SPDX-License-Identifier: MIT
//
// /dev/fail-nth: a thread that writes N there has the N-th frame or slab object fail that it asks for from then on,
// as if memory had run out; N+: and all later ones. It reads how many are left, 0 when that one has failed or none is to. So a test can try
// each way in which a system call or a page fault runs out of memory (user/test/failnth.h).
//
// What fails is not asked for again: no reclaim, no second try of a page fault, and it is the faulting process that
// is killed. Kernel threads never write here, and interrupts allocate nothing. Linux has /proc/thread-self/fail-nth;
// a text in /proc would be made when it is opened, and opening allocates.

#include "fs/pseudo.h"
#include "proc/process.h"
#include "uapi/errno.h"

#define DIGITS_MOST 9

bool alloc_fails(void)
{
    struct arch_thread *self = this_thread();
    return (self->alloc_failed = self->alloc_budget ? --self->alloc_budget == 0 : self->alloc_fails_on);
}

bool alloc_failed(void)
{
    return this_thread()->alloc_failed;
}

static int64_t budget_read(struct file *, user_ptr_t buffer, size_t bytes, uint64_t *position)
{
    char text[DIGITS_MOST + 2];
    size_t length = (size_t)format(text, sizeof text, "%u\n", this_thread()->alloc_budget);
    length = *position ? 0 : bytes < length ? bytes : length;
    *position += length;
    return copy_to_user(buffer, text, length) ? -EFAULT : (int64_t)length;
}

static int64_t budget_write(struct file *, user_ptr_t buffer, size_t bytes, uint64_t *)
{
    char text[DIGITS_MOST + 2];
    unsigned value = 0;
    if (bytes == 0 || bytes > sizeof text)
        return -EINVAL;
    if (copy_from_user(text, buffer, bytes))
        return -EFAULT;
    size_t digits = bytes - (bytes > 1 && text[bytes - 1] == '\n');
    bool on = digits > 1 && text[digits - 1] == '+';
    digits -= on;
    for (size_t i = 0; i < digits; value = value * 10 + (unsigned)(text[i++] - '0'))
        if (text[i] < '0' || text[i] > '9' || i == DIGITS_MOST)
            return -EINVAL;
    this_thread()->alloc_budget = value;
    this_thread()->alloc_fails_on = on;
    return (int64_t)bytes;
}

// And what became of it: how many objects of each cache are in use. Who reads it has some of them himself.
static void show_cache(void *text, const struct slab_cache *cache)
{
    text_append(text, "%s %zu %zu\n", cache->name, cache->objects, cache->object_bytes);
}

// And frames that are free or cut into objects: how many slabs those fill depends on what was freed when.
static int show_slabs(struct text *text)
{
    size_t frames = frame_free_count();
    for (struct frame *frame = frame_span.records; frame < frame_span.records + frame_span.pages; frame++)
        frames += frame->refs && relaxed_read(frame->kind) == FRAME_KERNEL && relaxed_read(frame->slab.cache);
    text_append(text, "frames %zu\n", frames);
    slab_for_each(show_cache, text);
    return 0;
}

static const struct file_ops budget_ops = {.read = budget_read, .write = budget_write, .seekable = true};

void fail_nth_init(void)
{
    dev_register("fail-nth", 0666, 240 << 8, &budget_ops); // the first of Linux' major numbers for local use
    proc_register("slabinfo", show_slabs);
}
