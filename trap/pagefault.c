// SPDX-License-Identifier: MIT
//
// Page faults, from user mode and from the kernel's copies of user memory. First of the five files to read:
//
//   trap/pagefault.c   who faulted, and what becomes of him                     <- you are here
//   mm/fault.c         vm_fault(): find out, decide, act
//   mm/decide.c        the decision, a pure table
//   mm/policy/cow.c    the most interesting of the actions
//   arch/riscv/pagetable.c   what the actions are made of
//
// RISC-V says which access failed (fetch, load, store) and where, never why: that is read from the page
// table, under its lock, by vm_fault(). Called by trap.c; may sleep.

#include "arch/uaccess.h"
#include "lib/log.h"
#include "lib/trace.h"
#include "mm/fault.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "trap/trap.h"
#include "uapi/signal.h"

#define SSTATUS_SPIE ((uint64_t)1 << 5) // interrupts were on where the trap came from (privileged spec 4.1.1)

static enum vm_access access_of(uint64_t cause)
{
    return cause == TRAP_FETCH_PAGE ? VM_EXEC : cause == TRAP_LOAD_PAGE ? VM_READ : VM_WRITE;
}

// => returns whether the access can be tried again: the page is there, or somebody was killed for its memory
static bool resolve(const struct trap_frame *frame, enum vm_fault_result *result)
{
    *result = vm_fault(current_task()->space, frame->stval, access_of(frame->scause));
    trace_event(TRACE_FAULT, frame->stval, *result);
    relaxed_write(current_task()->faults, current_task()->faults + 1);
    return *result == VM_FAULT_OK || (*result == VM_FAULT_NO_MEMORY && oom_kill());
}

void pagefault_from_user(const struct trap_frame *frame)
{
    struct task *task = current_task();
    enum vm_fault_result result;
    if (resolve(frame, &result) || result == VM_FAULT_NO_MEMORY)
        return; // in the latter case to die
    log_info("pid %d (%s): fault %d at %#lx, address %#lx", task->process->pid, task->process->name,
             result, frame->sepc, frame->stval);
    signal_force(result == VM_FAULT_NO_BACKING ? SIGBUS : SIGSEGV);
}

bool pagefault_from_kernel(struct trap_frame *frame)
{
    bool page_fault = frame->scause == TRAP_LOAD_PAGE || frame->scause == TRAP_STORE_PAGE;
    bool access_fault = frame->scause == TRAP_LOAD_ACCESS || frame->scause == TRAP_STORE_ACCESS;
    uint64_t fixup = uaccess_fixup(frame->sepc);
    if (!fixup || !(page_fault || access_fault) || frame->stval >= USER_END)
        return false; // the kernel's own mistake, not a user pointer's

    struct task *task = current_task();
    if (page_fault && task->space && !this_hart()->user_faults_disabled && (frame->sstatus & SSTATUS_SPIE)) {
        irq_enable();
        enum vm_fault_result result;
        bool again = resolve(frame, &result);
        irq_disable();
        if (again)
            return true; // the copy goes on at the instruction that faulted
    }
    frame->sepc = fixup; // the copy ends and says how much is left
    return true;
}
