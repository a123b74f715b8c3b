// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/resource.h"
int sysinfo(struct sysinfo *to);
