// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/resource.h"

int getrusage(int who, struct rusage *usage);
