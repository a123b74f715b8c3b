// SPDX-License-Identifier: MIT
#pragma once
#include_next <limits.h>
#include "uapi/limits.h"
