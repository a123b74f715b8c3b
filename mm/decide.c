// SPDX-License-Identifier: MIT
//
// The fault table. Two questions, in this order: what should be at this page (the rows: the region's kind),
// and what is there now (the columns: the leaf, read under its lock, for RISC-V tells the access but never
// why it failed). COW stands for the one decision that looks further: claim or copy.
//
// A pure function: no state, no locks, nothing of the kernel but its enums. mm/fault.c asks it; docs/FAULT.md
// is printed from it.

#include "mm/decide.h"

enum { COW = ACT_ACTIONS };

// A present leaf needs work only when a write meets a page that may not be written. One that is swapped out first
// must become present.
#define PRESENT(write) \
    [PT_SWAPPED] = {[VM_READ] = ACT_SWAP, [VM_WRITE] = ACT_SWAP, [VM_EXEC] = ACT_SWAP}, \
    [PT_READONLY] = {[VM_READ] = ACT_SPURIOUS, [VM_WRITE] = (write), [VM_EXEC] = ACT_SPURIOUS}, \
    [PT_WRITABLE] = {[VM_READ] = ACT_SPURIOUS, [VM_WRITE] = ACT_SPURIOUS, [VM_EXEC] = ACT_SPURIOUS}

// clang-format off
static const uint8_t table[VM_KINDS][PT_CLASSES][VM_ACCESSES] = {
    //                                   read               write                exec
    [VM_ANON]         = {[PT_ABSENT] = {ACT_ZERO,  ACT_ZERO, ACT_ZERO},  PRESENT(COW)},
    [VM_STACK]        = {[PT_ABSENT] = {ACT_ZERO,  ACT_ZERO, ACT_ZERO},  PRESENT(COW)},
    [VM_FILE_PRIVATE] = {[PT_ABSENT] = {ACT_SHARE, ACT_COPY, ACT_SHARE}, PRESENT(COW)},
    [VM_SHARED]       = {[PT_ABSENT] = {ACT_SHARE, ACT_SHARE, ACT_SHARE}, PRESENT(ACT_UPGRADE)},
};
// clang-format on

enum vm_action vm_decide(enum vm_kind kind, unsigned prot, enum pt_class class, enum vm_access access,
                         bool exclusive)
{
    static const uint8_t right[VM_ACCESSES] = {[VM_READ] = PT_R, [VM_WRITE] = PT_W, [VM_EXEC] = PT_X};

    if (!(prot & right[access]))
        return ACT_DENY;
    unsigned action = table[kind][class][access];
    if (action == COW)
        return exclusive ? ACT_CLAIM : ACT_COPY;
    return (enum vm_action)action;
}
