// SPDX-License-Identifier: MIT
//
// System-call dispatch. Called by trap.c with interrupts on. The table is made from uapi/syscall_table.h:
// each entry is a small function that takes its arguments from a0-a5, so that every sys_* has an ordinary
// prototype and the compiler checks both ends.

#include "lib/log.h"
#include "lib/syscalls.h"
#include "lib/trace.h"
#include "proc/task.h"
#include "trap/trap.h"
#include "uapi/errno.h"

#define ARGUMENTS_0
#define ARGUMENTS_1 a[0]
#define ARGUMENTS_2 a[0], a[1]
#define ARGUMENTS_3 a[0], a[1], a[2]
#define ARGUMENTS_4 a[0], a[1], a[2], a[3]
#define ARGUMENTS_5 a[0], a[1], a[2], a[3], a[4]
#define ARGUMENTS_6 a[0], a[1], a[2], a[3], a[4], a[5]

#define SYSCALL(name, number, count)                                \
    static int64_t call_##name(const uint64_t *a)                   \
    {                                                               \
        (void)a;                                                    \
        return sys_##name(ARGUMENTS_##count);                       \
    }
#include "uapi/syscall_table.h"
#undef SYSCALL

typedef int64_t (*syscall_function)(const uint64_t *arguments);

#define SYSCALL(name, number, count) [number] = call_##name,
static const syscall_function table[] = {
#include "uapi/syscall_table.h"
};
#undef SYSCALL

void syscall_dispatch(struct trap_frame *frame)
{
    uint64_t number = frame_syscall_number(frame);
    syscall_function function = number < sizeof table / sizeof table[0] ? table[number] : NULL;
    if (!function) {
        log_debug("pid %d (%s): system call %lu is not implemented", current_task()->process->pid,
                  current_task()->process->name, number);
        frame_set_result(frame, -ENOSYS);
        return;
    }
    int64_t result = function(&frame->x[10]);
    frame_set_result(frame, result);
    trace_event(TRACE_SYSCALL, number, (uint64_t)result);
}
