// SPDX-License-Identifier: MIT
//
// From a machine that arch has set up to the first program. Called once per hart by arch; the order of the
// calls is the order in which the layers stand on each other.

#include "arch/machine.h"
#include "arch/trap.h"
#include "dev/character.h"
#include "dev/devices.h"
#include "fs/swap.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/trace.h"
#include "mm/audit.h"
#include "mm/reclaim.h"
#include "mm/slab.h"
#include "mm/swap.h"
#include "proc/process.h"
#include "proc/schedule.h"
#include "trap/trap.h"
#if KINE_KERNEL_TESTS
#include "tests/kernel/ktest.h"
#endif

#define WRITE_BACK_NS ((uint64_t)5000000000) // how long a written page may stay in memory only

static const char *const environment[] = {"PATH=/bin:/test", "HOME=/root", "TERM=vt100", NULL};

// Dirty pages go to the disk now and then, so that a machine that is cut off has lost little; and at once when
// memory is short.
static size_t write_back_round(bool wanted)
{
    size_t freed = vfs_reclaim(wanted);
    return freed || !wanted ? freed : kernel_stacks_reclaim(UINT32_MAX);
}

static void write_back_thread(void *)
{
    schedule_first_run();
    rounds_serve(&reclaim_files, write_back_round, WRITE_BACK_NS);
}

static void reclaim_thread(void *)
{
    schedule_first_run();
    rounds_serve(&reclaim_pages, vm_spaces_reclaim, 0);
}

// "%20" and the like in a boot argument: the command of `run -c` has spaces.
static void decode_percent(char *text)
{
    static const char digits[] = "0123456789abcdef";
    char *out = text;
    for (const char *in = text; *in; in++, out++) {
        const char *high = *in == '%' && in[1] ? strchr(digits, in[1] | 32) : NULL;
        const char *low = high && in[2] ? strchr(digits, in[2] | 32) : NULL;
        *out = low ? (char)((high - digits) << 4 | (low - digits)) : *in;
        in += low ? 2 : 0;
    }
    *out = '\0';
}

static _Noreturn void run_init(void)
{
    static char path[64] = "/bin/init", command[sizeof machine.boot_arguments];
    boot_argument("init", path, sizeof path);
    const char *argv[] = {path, NULL, NULL, NULL};
    if (boot_argument("cmd", command, sizeof command)) {
        decode_percent(command);
        argv[1] = "-c";
        argv[2] = command;
    }
    char text[4];
    if (boot_argument("mark", text, sizeof text) && console_device)
        console_device->write("\x1e\n", 2); // what comes now is the program's (tools/run.py cuts here)
    int error = exec_program(path, argv, environment);
    if (error)
        fatal("cannot start %s: error %d", path, -error);
    task_enter_user();
}

// pid 1, first as a kernel thread: what may sleep during boot happens here.
static void init_thread(void *)
{
    schedule_first_run();
    if (fs_init())
        machine_power_off(100); // it has said why
    proc_files_init();
    swap_init();
#if KINE_KERNEL_TESTS
    char text[16];
    if (boot_argument("test", text, sizeof text) && strcmp(text, "kernel") == 0)
        machine_power_off(ktest_run_all() ? 1 : 0);
#endif
    struct task *self = current_task();
    self->files = file_table_create();
    self->fs = fs_context_create();
    if (!self->files || !self->fs || kernel_thread_start("write-back", write_back_thread, NULL) ||
        kernel_thread_start("reclaim", reclaim_thread, NULL))
        fatal("too little memory to start init");
    run_init();
}

static void audit_stacks(void)
{
    kernel_stack_for_each_frame(audit_found);
}

#if KINE_DEBUG
// For the test of the audit itself: a frame that is counted and that nobody holds.
static void leak_on_purpose(void)
{
    char text[4];
    if (boot_argument("leak", text, sizeof text) && frame_alloc(FRAME_ANON, 0, 0))
        log_warn("leak: one frame is lost on purpose");
}
#endif

void kernel_main(void)
{
    char text[4];
    log_set_quiet(boot_argument("quiet", text, sizeof text));
    if (boot_argument("trace", text, sizeof text))
        trace_start();
    frame_init();
    slab_init();
    audit_add_source(audit_stacks);
    devices_init();
    schedule_init();
    system_init();
    fork_init();
    futex_init();
    memory_init();
#if KINE_OPTION_FAIL_NTH
    fail_nth_init();
#endif
#if KINE_DEBUG
    leak_on_purpose();
#endif
    harts_start();
    log_info("Kine on %u hart%s, %zu MiB free, fork=%s", harts_online(), harts_online() == 1 ? "" : "s",
             frame_free_count() >> (20 - PAGE_SHIFT), fork_mode_name(fork_mode));
    if (kernel_thread_start("init", init_thread, NULL))
        fatal("too little memory for the first task");
    schedule_start_hart();
}

void kernel_main_secondary(void)
{
    schedule_start_hart();
}
