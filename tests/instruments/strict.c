// SPDX-License-Identifier: MIT
//
// The strict machine: does what the architecture and Kine's own protocols allow, and what QEMU never does.
// Whoever has come to rely on more fails here. (The rest of it: leaves start with A=D=0, pte.h; freed frames
// are not in the direct map, strict_frames.c; user copies are cut into odd pieces, strict_copies.c.)
//
//   - What another hart asks of this one's TLB is done late. The one who asks waits for the answer (tlb.c);
//     until it comes this hart goes on for a while, user code and all, with the translations it remembers.
//   - Kernel stacks are filled before each use. Who needs more than half of one stops the machine.
//
// Called by ipi.c, timer.c and kernel_stack.c, interrupts off where it is about this hart.

#include "arch/riscv/private.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/poison.h"
#include "lib/sequence.h"

#define LATE_NS_MOST 50000

static struct {
    uint64_t until_ns; // 0: nothing is owed
    struct sequence sequence;
} late[MAX_HARTS];
static _Atomic size_t stack_bytes_most;

bool strict_put_off(void)
{
    unsigned hart = this_hart()->index;
    late[hart].until_ns = clock_ns() + sequence_between(&late[hart].sequence, hart, LATE_NS_MOST);
    timer_set_deadline(late[hart].until_ns);
    return true;
}

uint64_t strict_late_ns(void)
{
    uint64_t until_ns = late[this_hart()->index].until_ns;
    return until_ns ? until_ns : UINT64_MAX;
}

bool strict_owes(void)
{
    bool owes = late[this_hart()->index].until_ns;
    late[this_hart()->index].until_ns = 0;
    return owes;
}

void strict_stack_fill(uint8_t *bottom)
{
    poison(bottom, KERNEL_STACK_BYTES);
}

void strict_stack_measure(const uint8_t *bottom)
{
    size_t used = KERNEL_STACK_BYTES - poison_intact(bottom, KERNEL_STACK_BYTES), most = stack_bytes_most;
    while (used > most && !atomic_compare_exchange_weak(&stack_bytes_most, &most, used))
        ;
    if (used > KERNEL_STACK_BYTES / 2)
        panic("%zu of %zu bytes of a kernel stack were used", used, (size_t)KERNEL_STACK_BYTES);
    if (used > most)
        log_info("kernel stacks: %zu bytes used at most", used);
}
