// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/sched.h"
int sched_yield(void);
int clone(int (*body)(void *), void *stack_top, int flags, void *argument, int *parent_tid, void *tls,
          int *child_tid);
