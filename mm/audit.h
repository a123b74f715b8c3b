// SPDX-License-Identifier: MIT
//
// The audit: with every other hart stopped, recount the whole machine and compare. Each frame's count must
// EQUAL the number of holders found (R1); every free frame must be on a free list; every frame that is not
// free must have a holder. Holders the audit cannot find by itself register a source.
#pragma once

#include "lib/format.h"
#include "mm/frame.h"

// One reference found by a source's walk. For kernel blocks of order > 0: once, for the first frame.
void audit_found(struct frame *frame);
// walk: harts are stopped; must not lock what a sleeping task may hold. => at boot, before other harts run; or while
// a spin lock is held, which keeps an audit from running
void audit_add_source(void (*walk)(void));

// => returns the number of mismatches, each one line in `report`; 0: exact. A mismatch counts only when it is
// still there after several tries with time in between: references in flight are allowed to land.
// -EBUSY: an object was being changed each time.
// => holds no lock; sleeps
int mm_audit(struct text *report);
