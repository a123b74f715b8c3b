// SPDX-License-Identifier: MIT
//
// The fault table as a pure function: what should be here, what is here now, what is wanted -> what to do.
// Tested exhaustively on the host; docs/FAULT.md is printed from it.
#pragma once

#include "mm/region.h"

enum vm_access { VM_READ, VM_WRITE, VM_EXEC, VM_ACCESSES };

enum vm_action {
    ACT_DENY,     // not allowed
    ACT_SPURIOUS, // the leaf is already good: set A/D, fence, return
    ACT_ZERO,     // absent private memory: zero page (read) or zeroed frame (write)
    ACT_SHARE,    // absent page of an object: map its frame, read-only
    ACT_COPY,     // write to a page that others see: copy into a frame of our own
    ACT_CLAIM,    // write to a page that only we see: make it writable
    ACT_UPGRADE,  // write to a page that others shall see: mark it dirty, make it writable
    ACT_SWAP,     // swapped out: read it back, then look again
    ACT_ACTIONS
};

// => `prot` are the region's rights; `exclusive` is pt_exclusive() and counts only for PT_READONLY
enum vm_action vm_decide(enum vm_kind kind, unsigned prot, enum pt_class class, enum vm_access access,
                         bool exclusive);
