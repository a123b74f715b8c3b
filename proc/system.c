// SPDX-License-Identifier: MIT
//
// What a program asks about the machine as a whole, and how it ends it.

#include "arch/machine.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/sequence.h"
#include "lib/string.h"
#include "lib/syscalls.h"
#include "lib/trace.h"
#include "mm/object.h"
#include "mm/swap.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "uapi/errno.h"
#include "uapi/kine.h"
#include "uapi/resource.h"
#include "uapi/utsname.h"

static struct sequence random_sequence;
static struct spinlock random_lock = SPINLOCK_INIT(RANK_LOG);

void system_init(void)
{
    char text[24];
    bool seeded = boot_argument("seed", text, sizeof text);
    random_sequence.state = seeded ? boot_argument_u64("seed", 0) : clock_realtime_ns();
}

int64_t sys_uname(uint64_t name)
{
    static const struct utsname kine = {
        .sysname = "Kine",
        .nodename = "kine",
        .release = "6.1.0-kine", // glibc refuses kernels that call themselves too old
        .version = "#1 SMP",
        .machine = "riscv64",
        .domainname = "(none)",
    };
    return copy_to_user(user_ptr(name), &kine, sizeof kine);
}

int64_t sys_sysinfo(uint64_t address)
{
    struct sysinfo info = {
        .uptime = (int64_t)(clock_ns() / NS_PER_SECOND),
        .totalram = frame_span.usable_pages,
        .freeram = frame_free_count(),
        .bufferram = vm_cached_pages,
        .totalswap = swap_total_count(),
        .freeswap = swap_free_count(),
        .procs = (uint16_t)task_count(),
        .mem_unit = PAGE_SIZE,
    };
    return copy_to_user(user_ptr(address), &info, sizeof info);
}

// Numbers that differ, not secrets: Kine has no source of entropy. The sequence repeats with seed=N.
void system_random(void *buffer, size_t bytes)
{
    for (size_t done = 0; done < bytes; done += 8) {
        spin_lock(&random_lock);
        uint64_t word = sequence_next(&random_sequence);
        spin_unlock(&random_lock);
        memcpy((char *)buffer + done, &word, bytes - done < 8 ? bytes - done : 8);
    }
}

int64_t sys_getrandom(uint64_t buffer, uint64_t bytes, uint64_t flags)
{
    if (flags > 7)
        return -EINVAL;
    uint64_t most = bytes < 1 << 20 ? bytes : 1 << 20, done = 0;
    for (; done < most && !signal_fatal(); sched_point()) {
        char chunk[64];
        size_t part = most - done < sizeof chunk ? most - done : sizeof chunk;
        system_random(chunk, part);
        if (copy_to_user(user_ptr(buffer + done), chunk, part))
            return done ? (int64_t)done : -EFAULT;
        done += part;
    }
    return (int64_t)done;
}

int64_t sys_reboot(uint64_t magic1, uint64_t magic2, uint64_t command, uint64_t argument)
{
    if ((uint32_t)magic1 != LINUX_REBOOT_MAGIC1 || (uint32_t)magic2 != LINUX_REBOOT_MAGIC2)
        return -EINVAL;
    if ((uint32_t)command != LINUX_REBOOT_CMD_POWER_OFF)
        return -EINVAL;
    int error = vfs_sync();
    if (error)
        log_error("power off: the disk was not written completely (error %d)", -error);
    trace_print();
    machine_power_off(argument & 0xff);
}
