// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/syscall.h"
long syscall(long number, ...);
