// SPDX-License-Identifier: MIT
//
// Clocks and sleeping. All time is the machine's virtual time; there is no wall clock but the offset that
// the real-time clock gave at boot.

#include "lib/clock.h"
#include "lib/syscalls.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "uapi/errno.h"
#include "uapi/time.h"

#define SECONDS_MOST  (UINT64_MAX / NS_PER_SECOND / 2) // 292 years: deadlines do not overflow

int read_deadline(uint64_t address, bool absolute, bool realtime, uint64_t *deadline_ns)
{
    struct timespec time;
    if (copy_from_user(&time, user_ptr(address), sizeof time))
        return -EFAULT;
    if (time.tv_sec < 0 || time.tv_nsec < 0 || time.tv_nsec >= (int64_t)NS_PER_SECOND)
        return -EINVAL;
    uint64_t seconds = (uint64_t)time.tv_sec < SECONDS_MOST ? (uint64_t)time.tv_sec : SECONDS_MOST;
    uint64_t ns = seconds * NS_PER_SECOND + (uint64_t)time.tv_nsec;
    uint64_t offset = realtime ? clock_realtime_offset_ns : 0;
    if (absolute)
        *deadline_ns = ns > offset ? ns - offset : 1; // long past: 0 would be none
    else
        *deadline_ns = clock_ns() + ns;
    return 0;
}

static int write_time(uint64_t address, uint64_t ns)
{
    struct timespec time = {(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND)};
    return copy_to_user(user_ptr(address), &time, sizeof time);
}

int64_t sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t remaining)
{
    struct wait_queue nobody; // nothing but the clock or a signal ends this
    bool absolute = flags & TIMER_ABSTIME;
    uint64_t deadline_ns;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    int error = read_deadline(request, absolute, clock == CLOCK_REALTIME, &deadline_ns);
    if (error)
        return error;
    wait_queue_init(&nobody);
    if (wait_event_interruptible(&nobody, false, deadline_ns) != -EINTR)
        return 0;
    uint64_t now = clock_ns();
    if (remaining && !absolute && write_time(remaining, deadline_ns > now ? deadline_ns - now : 0))
        return -EFAULT;
    return -EINTR;
}

int64_t sys_nanosleep(uint64_t request, uint64_t remaining)
{
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, request, remaining);
}

int64_t sys_clock_gettime(uint64_t clock, uint64_t time)
{
    uint64_t ns;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        ns = clock_realtime_ns();
        break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        ns = clock_ns();
        break;
    case CLOCK_PROCESS_CPUTIME_ID:
        spin_lock(&task_tree_lock);
        ns = process_spent(current_task()->process).run_ns;
        spin_unlock(&task_tree_lock);
        break;
    case CLOCK_THREAD_CPUTIME_ID:
        ns = task_run_ns(current_task());
        break;
    default:
        return -EINVAL;
    }
    return write_time(time, ns);
}
