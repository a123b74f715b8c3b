// SPDX-License-Identifier: MIT
//
// Pipes: a ring of up to 16 pages, allocated as bytes come and freed as they go. Called through file_ops.
//
//   page slots      | . | . |####|####|##..| . |        positions only grow; those of an empty ring go on
//                         read_at ^       ^ write_at    to the next page. slot: (position / 4096) % 16
//
// One sleep mutex per pipe is held over the copies to and from user memory, which may fault: faulting needs
// the space and object locks only, and those rank below. Nobody sleeps for the other end with it held.
// Readers sleep while the ring is empty, writers while it has no room; each is woken by the change that ends
// that. A page belongs to its slot from the moment it exists: the audit finds it there.

#include "fs/context.h"
#include "lib/syscalls.h"
#include "mm/audit.h"
#include "uapi/fcntl.h"
#include "uapi/signal.h"
#include "uapi/uio.h"

#define SLOTS 16

enum end { READER, WRITER }; // of a file: its O_ACCMODE

// L: guarded by lock. A: atomic; also changed under lock only. P: pipes_lock.
struct pipe {
    struct mutex lock;                  // RANK_FILE
    struct frame *slots[SLOTS];         // L  FRAME_KERNEL
    _Atomic uint64_t read_at, write_at; // A
    _Atomic bool open[2];
    _Atomic int ends;                   // open ones; the last frees the pipe
    struct wait_queue waiting[2];       // readers, writers
    struct list_node node;              // P
};

static struct slab_cache pipe_cache = SLAB_CACHE("pipe", struct pipe);
static struct spinlock pipes_lock = SPINLOCK_INIT(RANK_PIPE);
static struct list_node pipes = LIST_INIT(pipes); // P

static enum end end_of(const struct file *file)
{
    return (file->flags & O_ACCMODE) == O_RDONLY ? READER : WRITER;
}

static struct frame **slot_of(struct pipe *pipe, uint64_t position)
{
    return &pipe->slots[(position >> PAGE_SHIFT) % SLOTS];
}

// What one end can move: bytes to read, or room, where a page that is still being read takes no new bytes.
// => never less than PIPE_BUF for a writer when the ring is empty
static size_t available(const struct pipe *pipe, enum end end)
{
    uint64_t read_at, write_at;
    do { // whoever waits or polls has no lock: both as of one moment
        read_at = pipe->read_at;
        write_at = pipe->write_at;
    } while (read_at != pipe->read_at);
    if (end == READER) // an empty ring that goes on to its next page: read_at first
        return write_at > read_at ? write_at - read_at : 0;
    return page_round_down(read_at) + SLOTS * PAGE_SIZE - write_at;
}

static void free_slot(struct frame **slot)
{
    struct frame *frame = *slot;
    *slot = NULL;
    if (frame)
        frame_put(frame);
}

static void notify(struct pipe *pipe, enum end end)
{
    wake_all(&pipe->waiting[end]);
    poll_notify();
}

// => holds pipe->lock; `bytes` lie within one page, and are there
static int read_chunk(struct pipe *pipe, user_ptr_t buffer, size_t bytes)
{
    uint64_t at = pipe->read_at, end = at + bytes;
    struct frame **slot = slot_of(pipe, at);
    int error = copy_to_user(buffer, (uint8_t *)frame_memory(*slot) + (at & PAGE_MASK), bytes);
    if (error)
        return error;
    pipe->read_at = end;
    if ((end & PAGE_MASK) == 0 || end == pipe->write_at)
        free_slot(slot);
    if ((end & PAGE_MASK) == 0) // room has grown
        notify(pipe, WRITER);
    return 0;
}

// => holds pipe->lock; `bytes` lie within one page, and have room
static int write_chunk(struct pipe *pipe, user_ptr_t buffer, size_t bytes)
{
    uint64_t at = pipe->write_at;
    struct frame **slot = slot_of(pipe, at);
    bool fresh = !*slot;
    if (fresh && !(*slot = frame_alloc_reclaim(FRAME_KERNEL, 0, 0)))
        return -ENOMEM;
    int error = copy_from_user((uint8_t *)frame_memory(*slot) + (at & PAGE_MASK), buffer, bytes);
    if (error && fresh)
        free_slot(slot);
    if (error)
        return error;
    pipe->write_at = at + bytes;
    if (pipe->read_at == at) // it was empty
        notify(pipe, READER);
    return 0;
}

// One page's worth of the `bytes` that are left to move. => holds pipe->lock; returns how many, or -errno
static int64_t move_chunk(struct pipe *pipe, enum end end, user_ptr_t buffer, size_t bytes)
{
    if (end == WRITER && pipe->read_at == pipe->write_at) { // a page of its own, copied aligned
        pipe->read_at = page_round_up(pipe->write_at);
        pipe->write_at = pipe->read_at;
    }
    uint64_t at = end == READER ? pipe->read_at : pipe->write_at;
    size_t chunk = least(least(bytes, PAGE_SIZE - (at & PAGE_MASK)), available(pipe, end));
    int error = end == READER ? read_chunk(pipe, buffer, chunk) : write_chunk(pipe, buffer, chunk);
    return error ? error : (int64_t)chunk;
}

// Both read and write. A reader takes what is there; a writer goes on until all is written, and begins when
// there is room for all of what is not to be torn apart.
static int64_t pipe_stream(struct file *file, const struct iovec *part, size_t count)
{
    struct pipe *pipe = file->data;
    enum end end = end_of(file), other = !end;
    size_t bytes = 0, done = 0, at = 0; // of all parts: wanted, moved; of this one: moved
    for (size_t i = 0; i < count; i++)
        bytes += part[i].iov_len;
    size_t needed = end == WRITER && bytes <= PIPE_BUF ? bytes : 1;
    int64_t result = 0;
    mutex_lock(&pipe->lock);
    while (done < bytes && result >= 0) {
        for (; at == part->iov_len; at = 0)
            part++;
        if (end == WRITER && !pipe->open[READER]) {
            result = -EPIPE;
        } else if (available(pipe, end) >= (done ? 1 : needed)) {
            result = move_chunk(pipe, end, user_ptr((uintptr_t)part->iov_base + at), part->iov_len - at);
            at += result > 0 ? (size_t)result : 0;
            done += result > 0 ? (size_t)result : 0;
        } else if (end == READER && (done || !pipe->open[WRITER])) {
            break;
        } else if (file->flags & O_NONBLOCK) {
            result = -EAGAIN;
        } else {
            mutex_unlock(&pipe->lock);
            result = wait_event_interruptible(&pipe->waiting[end],
                                              available(pipe, end) >= needed || !pipe->open[other], 0);
            mutex_lock(&pipe->lock);
        }
    }
    mutex_unlock(&pipe->lock);
    if (result == -EPIPE)
        current_kill_with(SIGPIPE);
    return done ? (int64_t)done : result;
}

static unsigned pipe_poll(struct file *file)
{
    const struct pipe *pipe = file->data;
    if (end_of(file) == READER)
        return (available(pipe, READER) ? POLLIN : 0) | (pipe->open[WRITER] ? 0 : POLLHUP);
    return (available(pipe, WRITER) >= PIPE_BUF ? POLLOUT : 0) | (pipe->open[READER] ? 0 : POLLERR);
}

static void close_end(struct pipe *pipe, enum end end)
{
    pipe->open[end] = false;
    notify(pipe, !end);
    if (atomic_fetch_sub(&pipe->ends, 1) != 1)
        return;
    spin_lock(&pipes_lock);
    list_remove(&pipe->node);
    spin_unlock(&pipes_lock);
    for (unsigned i = 0; i < SLOTS; i++)
        free_slot(&pipe->slots[i]);
    slab_free(&pipe_cache, pipe);
}

static void pipe_release(struct file *file)
{
    close_end(file->data, end_of(file));
}

static const struct file_ops pipe_ops = {
    .stream = pipe_stream, .poll = pipe_poll, .release = pipe_release};

// => returns 0, or -ENOMEM
static int create(uint32_t flags, struct file *ends[2])
{
    struct pipe *pipe = slab_alloc(&pipe_cache);
    if (!pipe)
        return -ENOMEM;
    mutex_init(&pipe->lock, RANK_FILE);
    pipe->ends = 2;
    for (unsigned end = READER; end <= WRITER; end++) {
        pipe->open[end] = true;
        wait_queue_init(&pipe->waiting[end]);
    }
    spin_lock(&pipes_lock);
    list_push_back(&pipes, &pipe->node);
    spin_unlock(&pipes_lock);
    for (unsigned end = READER; end <= WRITER; end++) {
        ends[end] = file_create(&pipe_ops, flags | (end == READER ? O_RDONLY : O_WRONLY));
        if (ends[end])
            ends[end]->data = pipe;
        else
            close_end(pipe, end);
    }
    if (ends[READER] && ends[WRITER])
        return 0;
    file_put_auto(&ends[READER]);
    file_put_auto(&ends[WRITER]);
    return -ENOMEM;
}

// The ends stay ours until the numbers are told: where that fails, another thread may have put one of the
// numbers to another use by then.
int64_t sys_pipe2(uint64_t fds, uint64_t flags)
{
    struct file *ends[2];
    int numbers[2] = {-1, -1};
    if (flags & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = create((uint32_t)flags, ends);
    if (error)
        return error;
    for (int i = 0; i < 2 && !error; i++) {
        file_get(ends[i]);
        numbers[i] = fd_install(ends[i], 0, flags & O_CLOEXEC);
        error = numbers[i] < 0 ? numbers[i] : 0;
    }
    if (!error)
        error = copy_to_user(user_ptr(fds), numbers, sizeof(numbers));
    for (int i = 0; i < 2; i++) {
        if (error)
            fd_close(current_files(), numbers[i], ends[i]);
        file_put(ends[i]);
    }
    return error;
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
