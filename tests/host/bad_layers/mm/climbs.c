// SPDX-License-Identifier: MIT
//
// Deliberately wrong: the memory manager reaches up into proc/. tools/check_layers has to refuse it.

#include "mm/frame.h"
#include "proc/task.h"
