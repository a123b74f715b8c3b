// SPDX-License-Identifier: MIT
//
// Pipes: a ring of up to 16 pages, allocated as bytes come and freed as they go. Called through file_ops.
//
//   page slots      | . | . |####|####|##..| . |        positions count bytes since the pipe was made
//                         read_at ^       ^ write_at    slot of a position: (position / 4096) % 16
//
// One sleep mutex per pipe is held over the copies to and from user memory, which may fault: faulting needs
// the space and object locks only, and those rank below. Nobody sleeps for the other end with it held. Readers
// sleep while the ring is empty, writers while it has no room; each is woken by the change that ends that.
// A page belongs to its slot from the moment it exists: the audit finds it there.

#include "fs/context.h"
#include "mm/audit.h"
#include "mm/slab.h"
#include "uapi/errno.h"
#include "uapi/fcntl.h"
#include "uapi/signal.h"
#include "uapi/uio.h"

#define SLOTS 16

// L: guarded by lock. A: atomic; also changed under lock only. P: pipes_lock.
struct pipe {
    struct mutex lock;                  // RANK_FILE
    struct frame *slots[SLOTS];         // L  FRAME_KERNEL
    _Atomic uint64_t read_at, write_at; // A
    _Atomic bool reader_open, writer_open;
    _Atomic int ends;                   // open ones; the last frees the pipe
    struct wait_queue readers, writers;
    struct list_node node;              // P
};

static struct slab_cache pipe_cache = SLAB_CACHE("pipe", struct pipe);
static struct spinlock pipes_lock = SPINLOCK_INIT(RANK_PIPE);
static struct list_node pipes = LIST_INIT(pipes); // P

static struct frame **slot_of(struct pipe *pipe, uint64_t position)
{
    return &pipe->slots[(position >> PAGE_SHIFT) % SLOTS];
}

static bool empty(struct pipe *pipe)
{
    return pipe->read_at == pipe->write_at;
}

// A page that is still being read takes no new bytes. => never less than PIPE_BUF when empty
static size_t room(struct pipe *pipe)
{
    return page_round_down(pipe->read_at) + SLOTS * PAGE_SIZE - pipe->write_at;
}

static void free_slot(struct frame **slot)
{
    struct frame *frame = *slot;
    *slot = NULL;
    frame_put(frame);
}

// => holds pipe->lock; the ring is not empty
static int64_t read_chunk(struct pipe *pipe, user_ptr_t buffer, size_t bytes)
{
    uint64_t at = pipe->read_at, offset = at & PAGE_MASK;
    size_t chunk = least(least(bytes, PAGE_SIZE - offset), pipe->write_at - at);
    struct frame **slot = slot_of(pipe, at);
    int error = copy_to_user(buffer, (uint8_t *)frame_memory(*slot) + offset, chunk);
    if (error)
        return error;
    pipe->read_at = at + chunk;
    if (offset + chunk == PAGE_SIZE || empty(pipe))
        free_slot(slot);
    if (offset + chunk == PAGE_SIZE) { // room has grown
        wake_all(&pipe->writers);
        poll_notify();
    }
    return (int64_t)chunk;
}

static int64_t pipe_read(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *)
{
    struct pipe *pipe = file->data;
    size_t done = 0;
    int64_t result = 0;
    mutex_lock(&pipe->lock);
    while (done < bytes && result >= 0) {
        if (!empty(pipe)) {
            result = read_chunk(pipe, user_offset(buffer, done), bytes - done);
            done += result > 0 ? (size_t)result : 0;
        } else if (done || !pipe->writer_open) {
            break;
        } else if (file->flags & O_NONBLOCK) {
            result = -EAGAIN;
        } else {
            mutex_unlock(&pipe->lock);
            result = wait_event_interruptible(&pipe->readers, !empty(pipe) || !pipe->writer_open, 0);
            mutex_lock(&pipe->lock);
        }
    }
    mutex_unlock(&pipe->lock);
    return done ? (int64_t)done : result;
}

// => holds pipe->lock; there is room
static int64_t write_chunk(struct pipe *pipe, user_ptr_t buffer, size_t bytes)
{
    uint64_t at = pipe->write_at, offset = at & PAGE_MASK;
    size_t chunk = least(least(bytes, PAGE_SIZE - offset), room(pipe));
    struct frame **slot = slot_of(pipe, at);
    bool fresh = !*slot, was_empty = empty(pipe);
    if (fresh && !(*slot = frame_alloc_reclaim(FRAME_KERNEL, 0, 0)))
        return -ENOMEM;
    int error = copy_from_user((uint8_t *)frame_memory(*slot) + offset, buffer, chunk);
    if (error && fresh)
        free_slot(slot);
    if (error)
        return error;
    pipe->write_at = at + chunk;
    if (was_empty) {
        wake_all(&pipe->readers);
        poll_notify();
    }
    return (int64_t)chunk;
}

static int64_t pipe_write(struct file *file, user_ptr_t buffer, size_t bytes, uint64_t *)
{
    struct pipe *pipe = file->data;
    size_t done = 0, needed = bytes <= PIPE_BUF ? bytes : 1; // what is short is not torn apart
    int64_t result = 0;
    mutex_lock(&pipe->lock);
    while (done < bytes && result >= 0) {
        if (!pipe->reader_open) {
            result = -EPIPE;
        } else if (done ? room(pipe) > 0 : room(pipe) >= needed) {
            result = write_chunk(pipe, user_offset(buffer, done), bytes - done);
            done += result > 0 ? (size_t)result : 0;
        } else if (file->flags & O_NONBLOCK) {
            result = -EAGAIN;
        } else {
            mutex_unlock(&pipe->lock);
            result = wait_event_interruptible(&pipe->writers, room(pipe) >= needed || !pipe->reader_open, 0);
            mutex_lock(&pipe->lock);
        }
    }
    mutex_unlock(&pipe->lock);
    if (result == -EPIPE)
        current_kill_with(SIGPIPE);
    return done ? (int64_t)done : result;
}

static unsigned pipe_poll_read(struct file *file)
{
    struct pipe *pipe = file->data;
    return (empty(pipe) ? 0 : POLLIN) | (pipe->writer_open ? 0 : POLLHUP);
}

static unsigned pipe_poll_write(struct file *file)
{
    struct pipe *pipe = file->data;
    return (room(pipe) >= PIPE_BUF ? POLLOUT : 0) | (pipe->reader_open ? 0 : POLLERR);
}

static void pipe_free(struct pipe *pipe)
{
    spin_lock(&pipes_lock);
    list_remove(&pipe->node);
    spin_unlock(&pipes_lock);
    for (unsigned i = 0; i < SLOTS; i++)
        if (pipe->slots[i])
            free_slot(&pipe->slots[i]);
    slab_free(&pipe_cache, pipe);
}

static void pipe_release(struct file *file)
{
    struct pipe *pipe = file->data;
    if ((file->flags & O_ACCMODE) == O_RDONLY)
        pipe->reader_open = false;
    else
        pipe->writer_open = false;
    wake_all(&pipe->readers);
    wake_all(&pipe->writers);
    poll_notify();
    if (atomic_fetch_sub(&pipe->ends, 1) == 1)
        pipe_free(pipe);
}

static const struct file_ops read_ops = {.read = pipe_read, .poll = pipe_poll_read, .release = pipe_release};
static const struct file_ops write_ops = {.write = pipe_write, .poll = pipe_poll_write, .release = pipe_release};

int pipe_create(uint32_t flags, struct file *ends[2])
{
    struct pipe *pipe = slab_alloc(&pipe_cache);
    if (!pipe)
        return -ENOMEM;
    mutex_init(&pipe->lock, RANK_FILE);
    wait_queue_init(&pipe->readers);
    wait_queue_init(&pipe->writers);
    pipe->reader_open = pipe->writer_open = true;
    spin_lock(&pipes_lock);
    list_push_back(&pipes, &pipe->node);
    spin_unlock(&pipes_lock);
    for (unsigned i = 0; i < 2; i++) {
        ends[i] = file_create(i ? &write_ops : &read_ops, flags | (i ? O_WRONLY : O_RDONLY));
        if (ends[i])
            ends[i]->data = pipe;
        pipe->ends += ends[i] != NULL;
    }
    if (pipe->ends == 2)
        return 0;
    if (pipe->ends == 0)
        pipe_free(pipe);
    else
        file_put(ends[0] ? ends[0] : ends[1]);
    return -ENOMEM;
}

// No lock: the harts stand still, and nobody stands still with a spin lock held.
static void audit_pipes(void)
{
    list_for_each(node, &pipes)
        for (unsigned i = 0; i < SLOTS; i++)
            if (container_of(node, struct pipe, node)->slots[i])
                audit_found(container_of(node, struct pipe, node)->slots[i]);
}

void pipes_init(void)
{
    audit_add_source(audit_pipes);
}
