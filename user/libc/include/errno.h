// SPDX-License-Identifier: MIT
#pragma once
#include "uapi/errno.h"
extern int errno;
