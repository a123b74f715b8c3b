// SPDX-License-Identifier: MIT
//
// ppoll(2): all who wait sleep on one queue and look again at each change of anything that can be polled.
// Files are held before the first look, and looking never sleeps; so no wake-up token is spent on the way.

#include "fs/context.h"
#include "lib/clock.h"
#include "lib/syscalls.h"
#include "uapi/uio.h"


static struct wait_queue pollers = WAIT_QUEUE_INIT(pollers);

void poll_notify(void)
{
    wake_all(&pollers);
}

struct polled {
    struct pollfd *fds;
    struct file **files;
    size_t count;
};

static int look(const struct polled *polled)
{
    int ready = 0;
    for (size_t i = 0; i < polled->count; i++) {
        struct file *file = polled->files[i];
        struct pollfd *fd = &polled->fds[i];
        unsigned events = fd->fd < 0 ? 0 : POLLNVAL;
        if (file)
            events = file->ops->poll ? file->ops->poll(file) : POLLIN | POLLOUT;
        fd->revents = (int16_t)(events & ((unsigned)fd->events | POLLERR | POLLHUP | POLLNVAL));
        ready += fd->revents != 0;
    }
    return ready;
}

static int64_t poll_until(struct polled *polled, uint64_t user_fds, uint64_t deadline_ns)
{
    size_t bytes = polled->count * sizeof(*polled->fds);
    int error = copy_from_user(polled->fds, user_ptr(user_fds), bytes), ready = 0;
    if (error)
        return error;
    for (size_t i = 0; i < polled->count; i++)
        polled->files[i] = fd_get(polled->fds[i].fd);
    error = wait_event_interruptible(&pollers, (ready = look(polled)) > 0, deadline_ns);
    for (size_t i = 0; i < polled->count; i++)
        if (polled->files[i])
            file_put(polled->files[i]);
    if (!error || error == -ETIMEDOUT)
        error = copy_to_user(user_ptr(user_fds), polled->fds, bytes);
    return error ? error : ready;
}

// The signal mask is not used: there are no handlers yet that it could hold back.
int64_t sys_ppoll(uint64_t fds, uint64_t count, uint64_t timeout, uint64_t, uint64_t)
{
    struct timespec time;
    uint64_t deadline = 0; // never
    if (count > FILES_MOST)
        return -EINVAL;
    if (timeout) {
        int error = copy_from_user(&time, user_ptr(timeout), sizeof(time));
        if (error)
            return error;
        if (time.tv_sec < 0 || time.tv_nsec < 0 || (uint64_t)time.tv_nsec >= NS_PER_SECOND)
            return -EINVAL;
        if ((uint64_t)time.tv_sec < UINT64_MAX / 2 / NS_PER_SECOND)
            deadline = clock_ns() + (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
    }
    struct polled polled = {.count = count};
    polled.files = kmalloc((count + 1) * (sizeof(*polled.files) + sizeof(*polled.fds)));
    if (!polled.files)
        return -ENOMEM;
    polled.fds = (struct pollfd *)(polled.files + count);
    int64_t result = poll_until(&polled, fds, deadline);
    kfree(polled.files);
    return result;
}
