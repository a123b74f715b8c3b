// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/sched.h"
int sched_yield(void);
