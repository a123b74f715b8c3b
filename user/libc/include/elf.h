// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/elf.h"
