// SPDX-License-Identifier: MIT
// Programs include this next to other kernel headers and use nothing of it: there are no locks in a program.
#pragma once

#include "kernel/types.h"

struct spinlock {
    uint locked;
    char *name;
};
